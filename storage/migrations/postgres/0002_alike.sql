-- Pictures nearly alike: fingerprints that differ in few of their 64 bits have one of these quarters in common.
CREATE INDEX documents_fingerprint_1 ON documents ((fingerprint & 65535));
CREATE INDEX documents_fingerprint_2 ON documents (((fingerprint >> 16) & 65535));
CREATE INDEX documents_fingerprint_3 ON documents (((fingerprint >> 32) & 65535));
CREATE INDEX documents_fingerprint_4 ON documents (((fingerprint >> 48) & 65535));
