//! Feeds one of the fuzz targets by libFuzzer; `HOTSPOT_FUZZ_TARGET` names it. Run by `cargo xtask fuzz`, which says
//! how to build it.
#![no_main]

use std::sync::OnceLock;

static TARGET: OnceLock<filetests::fuzz::Target> = OnceLock::new();

fn target() -> filetests::fuzz::Target {
    *TARGET.get_or_init(|| {
        let name = std::env::var("HOTSPOT_FUZZ_TARGET").unwrap_or_default();
        filetests::fuzz::target(&name).unwrap_or_else(|| panic!("there is no fuzz target `{name}`"))
    })
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    (target().run)(bytes);
});
