//! Pictures of the desk for README and ARCHITECTURE, taken anew of `acuse demo --keep` in a real Chromium: in English, in light
//! colours, one in dark ones and one on a telephone. Each has as many colours as keep it small.

#![allow(missing_docs, clippy::print_stdout)]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use acuse_tests::{
    browser::{self, Browser},
    free_port,
    process::Guarded,
    stack::{Place, Servers, sign_in, wait},
};
use anyhow::{Context, Result, bail, ensure};
use color_quant::NeuQuant;
use image::{RgbaImage, imageops};

/// The window of a laptop, and of a telephone held upright.
const WIDE: (u32, u32) = (1280, 800);
const TALL: (u32, u32) = (1280, 1120);
const PHONE: (u32, u32) = (390, 844);
/// Longest time until the demo is at rest.
const DEMO: Duration = Duration::from_secs(1_800);
/// Most bytes of a picture.
const MOST_BYTES: usize = 150 << 10;
/// How many colours and which share of its size a picture keeps, tried in turn.
const SMALLER: [(usize, f32); 5] = [(256, 1.0), (128, 1.0), (64, 1.0), (64, 0.75), (64, 0.6)];

/// What is to be seen is there.
const DRAWN: &str = "[...document.images].filter(i => i.offsetParent && i.getBoundingClientRect().top < innerHeight) \
     .every(i => i.complete)";
const MINE: &str = "document.querySelector('#decision')?.dataset.mine !== undefined && document.body.dataset.ready === 'yes'";

/// The person who waits for the demo, and looks.
struct Camera {
    page: Browser,
    base: String,
    folder: PathBuf,
}

impl Camera {
    fn go(&mut self, path: &str) -> Result<()> {
        self.page.open(&format!("{}{path}", self.base), "")?;
        self.page.wait(DRAWN)
    }

    fn shoot(&mut self, name: &str) -> Result<()> {
        self.page.wait(DRAWN)?;
        // What moves comes to rest.
        std::thread::sleep(Duration::from_millis(400));
        let picture = small(&image::load_from_memory(&self.page.picture()?)?.to_rgba8())?;
        println!("{name}: {} KiB", picture.len() >> 10);
        Ok(std::fs::write(self.folder.join(name), picture)?)
    }

    /// The first link on this page that a selector finds.
    fn link(&mut self, selector: &str) -> Result<Option<String>> {
        let href = format!("document.querySelector('{selector}')?.getAttribute('href') ?? ''");
        let found = self.page.eval(&href)?.as_str().unwrap_or_default().to_owned();
        Ok(Some(found).filter(|href| !href.is_empty()))
    }

    /// Opens and takes a document that waits for the first of these reasons that there is.
    fn take(&mut self, reasons: &[&str]) -> Result<()> {
        for reason in reasons {
            self.go(&format!("/?reason={reason}"))?;
            if let Some(document) = self.link("[data-row]")? {
                self.go(&document)?;
                self.page.press("t", false, false)?;
                self.page.wait(MINE)?;
                // No key is held against the next picture.
                return self.page.eval("document.activeElement.blur()").map(drop);
            }
        }
        bail!("nothing waits for any of {reasons:?}")
    }

    fn resize(&mut self, (width, height): (u32, u32)) -> Result<()> {
        self.page.resize(width, height)
    }
}

/// The document with its evidence, light, dark and on a telephone.
fn work(camera: &mut Camera) -> Result<()> {
    camera.take(&["checks_failed", "low_confidence", "missing_fields", "unknown_customer"])?;
    camera.shoot("desk.png")?;
    camera.page.scheme("dark")?;
    camera.shoot("desk-dark.png")?;
    camera.page.scheme("light")?;
    camera.resize(PHONE)?;
    camera.page.wait("document.querySelector('.stage')?.dataset.whole === 'yes'")?;
    camera.shoot("desk-phone.png")?;
    camera.resize(WIDE)
}

/// A document with its sender beside it.
fn sender(camera: &mut Camera) -> Result<()> {
    camera.take(&["unreadable", "low_confidence", "missing_fields", "unknown_customer"])?;
    camera.page.press("g", false, false)?;
    camera.page.wait("document.querySelectorAll('.sender .talk li').length > 0")?;
    camera.page.eval("document.querySelector('#sender').scrollIntoView()")?;
    camera.shoot("desk-sender.png")
}

/// The pages beside the queue that show numbers and conversations.
fn overview(camera: &mut Camera) -> Result<()> {
    camera.resize(TALL)?;
    camera.go("/ledger")?;
    camera.shoot("desk-ledger.png")?;
    camera.resize(WIDE)?;
    camera.go("/flow")?;
    camera.shoot("desk-flow.png")?;
    for list in ["/inbox", "/inbox?show=open"] {
        camera.go(list)?;
        if let Some(case) = camera.link("a[href^=\"/inbox/\"]")? {
            camera.go(&case)?;
            return camera.shoot("desk-inbox.png");
        }
    }
    bail!("no case is open")
}

/// The picture in as many of its colours, and as large, as keep it small.
fn small(picture: &RgbaImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (colours, share) in SMALLER {
        let side = |pixels: u32| (pixels as f32 * share).round() as u32;
        let size = (side(picture.width()), side(picture.height()));
        bytes = if share < 1.0 {
            indexed(&imageops::resize(picture, size.0, size.1, imageops::FilterType::Lanczos3), colours)?
        } else {
            indexed(picture, colours)?
        };
        if bytes.len() <= MOST_BYTES {
            return Ok(bytes);
        }
    }
    bail!("{} bytes, and {MOST_BYTES} are allowed", bytes.len())
}

fn indexed(picture: &RgbaImage, colours: usize) -> Result<Vec<u8>> {
    let palette = NeuQuant::new(10, colours, picture.as_raw());
    let pixels: Vec<u8> = picture.pixels().map(|pixel| palette.index_of(&pixel.0) as u8).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.color_map_rgb());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(out)
}

/// Waits until the demo stays up, and finds the password that it made.
async fn password(demo: &mut Guarded, place: &Place) -> Result<String> {
    wait("the demo", DEMO, || {
        let (ended, log) = (demo.ended(), place.log("demo"));
        async move {
            if let Some(status) = ended? {
                bail!("the demo ended: {status}\n{log}");
            }
            let told = log.lines().find(|line| line.starts_with("Review desk:"));
            Ok(told.and_then(|line| line.split("password: ").nth(1)).map(|word| word.trim().to_owned()))
        }
    })
    .await
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).context("name the folder of the pictures")?);
    ensure!(folder.is_dir(), "{} is no folder", folder.display());
    let Some(chromium) = browser::chromium() else { return Ok(()) };
    let kept = tempfile::tempdir()?;
    let place = at(kept.path())?;
    let mut demo = place.start("demo", &["demo", "--keep"])?;
    let password = password(&mut demo, &place).await?;
    let base = format!("http://127.0.0.1:{}", place.port);
    let cookie = sign_in(&base, "demo", &password).await?;
    let mut page = Browser::start(chromium, WIDE)?;
    page.zone("Europe/Madrid")?;
    page.scheme("light")?;
    page.open(&format!("{base}/login"), "acuse_language=en")?;
    page.open(&format!("{base}/"), &cookie)?;
    let mut camera = Camera { page, base, folder };
    camera.go("/")?;
    camera.shoot("desk-queue.png")?;
    work(&mut camera)?;
    sender(&mut camera)?;
    overview(&mut camera)
}

/// Where the demo is at home: its own folder, and nothing of what this machine has set.
fn at(folder: &Path) -> Result<Place> {
    let port = free_port()?;
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let env = vec![pair("ACUSE_LISTEN", format!("127.0.0.1:{port}")), pair("RUST_LOG", "warn".to_owned())];
    Ok(Place { folder: folder.to_owned(), port, env, servers: Servers::default() })
}
