//! One HTML page with the picture of every miss, for a browser without a network.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::figures::Judged;

const HEAD: &str = "<!doctype html><meta charset=utf-8><title>Misses</title><style>\
body{font:14px/1.4 system-ui,sans-serif;margin:2rem;max-width:70rem}\
article{display:flex;gap:1rem;border-top:1px solid #ccc;padding:.8rem 0}\
img{max-width:220px;max-height:320px;object-fit:contain;align-self:start;background:#eee}\
h2{font-size:14px;margin:0 0 .3rem;word-break:break-all}.error h2{color:#b00}li{word-break:break-word}</style>\n";

/// `summary` is plain text; each miss has the thumbnail's JPEG.
pub fn page<'a>(summary: &str, misses: impl IntoIterator<Item = (&'a Judged, &'a [u8])>) -> String {
    let mut out = format!("{HEAD}<h1>Misses</h1><pre>{}</pre>\n", escaped(summary));
    for (judged, thumbnail) in misses {
        let class = if judged.filed && !judged.wrong.is_empty() { " class=error" } else { "" };
        let picture = if thumbnail.is_empty() {
            String::new()
        } else {
            format!("<img alt='' src='data:image/jpeg;base64,{}'>", STANDARD.encode(thumbnail))
        };
        let details: String = judged.details().iter().map(|d| format!("<li>{}", escaped(d))).collect();
        let headline = escaped(&judged.headline());
        let _ = writeln!(
            out,
            "<article{class}>{picture}<div><h2>{headline}</h2><ul>{details}</ul></div></article>"
        );
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
