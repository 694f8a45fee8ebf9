#![no_main]
libfuzzer_sys::fuzz_target!(init: acuse_fuzz::let_panics_be_caught(), |data: &[u8]| acuse_fuzz::signed(data));
