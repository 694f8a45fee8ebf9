-- Pictures of IDs by the quarters of their fingerprints: whatever is read is compared with those that look nearly like it.
CREATE INDEX documents_ids_alike_1 ON documents ((fingerprint & 65535)) WHERE sensitivity = 'id';
CREATE INDEX documents_ids_alike_2 ON documents (((fingerprint >> 16) & 65535)) WHERE sensitivity = 'id';
CREATE INDEX documents_ids_alike_3 ON documents (((fingerprint >> 32) & 65535)) WHERE sensitivity = 'id';
CREATE INDEX documents_ids_alike_4 ON documents (((fingerprint >> 48) & 65535)) WHERE sensitivity = 'id';
