#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| acuse_fuzz::mrz(data));
