//! Chromium without a window, for the pages.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The browser of this machine; without one, the test is skipped loudly, or fails under `CI`.
#[must_use]
pub fn chromium() -> Option<&'static str> {
    let found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = found.into_iter().find(|p| Path::new(p).exists());
    if found.is_none() {
        crate::skip_or_fail("Chromium", "no /usr/bin/chromium");
    }
    found
}

/// The page at `url` after its scripts have run for `budget_ms` of its own time.
///
/// # Errors
/// When the browser cannot be started.
pub fn page(chromium: &str, url: &str, budget_ms: u32) -> Result<String> {
    let profile = tempfile::tempdir()?;
    let seen = Command::new("timeout")
        .arg("60")
        .arg(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--virtual-time-budget={budget_ms}"))
        .arg("--dump-dom")
        .arg(url)
        .output()?;
    Ok(String::from_utf8_lossy(&seen.stdout).into_owned())
}

/// A browser that is driven: keys as a person presses them, and what is on the page then. It speaks the DevTools
/// protocol over two pipes, so that nothing listens on a port.
pub struct Browser {
    commands: std::fs::File,
    answers: Receiver<Value>,
    session: String,
    next_id: u64,
    asked: usize,
    child: Child,
    _folder: tempfile::TempDir,
}

/// Longest wait for an answer of the browser's or for something to be true on a page.
const PATIENCE: Duration = Duration::from_secs(30);

impl Browser {
    /// Starts it with an empty page of this size.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(chromium: &str, (width, height): (u32, u32)) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        let made = Command::new("mkfifo").args([&to, &from]).status()?;
        anyhow::ensure!(made.success(), "cannot make the browser's pipes");
        // The shell opens each pipe when the other end is opened here, in the same order.
        let child = Command::new("timeout")
            .args(["300", "sh", "-c", "exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\"", chromium])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .env("TO", &to)
            .env("FROM", &from)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let commands = std::fs::OpenOptions::new().write(true).open(&to)?;
        let heard = std::fs::File::open(&from)?;
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(heard).split(0) {
                let Ok(value) = serde_json::from_slice(&message.unwrap_or_default()) else { return };
                if tell.send(value).is_err() {
                    return;
                }
            }
        });
        let mut browser =
            Self { commands, answers, session: String::new(), next_id: 0, asked: 0, child, _folder: folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach)?;
        browser.session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        browser.call("Page.enable", json!({}))?;
        browser.resize(width, height)?;
        Ok(browser)
    }

    fn send(&mut self, method: &str, params: &Value) -> Result<u64> {
        self.next_id += 1;
        let id = self.next_id;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        self.commands.write_all(&bytes)?;
        Ok(id)
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let id = self.send(method, &params)?;
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer = self.answers.recv_timeout(left).with_context(|| format!("{method}: no answer"))?;
            // Whoever is asked whether to leave a page leaves it.
            if answer["method"] == "Page.javascriptDialogOpening" {
                self.asked += 1;
                self.send("Page.handleJavaScriptDialog", &json!({ "accept": true }))?;
            }
            if answer["id"] == id {
                anyhow::ensure!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return Ok(answer["result"].clone());
            }
        }
    }

    /// Light or dark.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn scheme(&mut self, scheme: &str) -> Result<()> {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).map(drop)
    }

    /// Where its owner lives, e.g. `America/Bogota`.
    ///
    /// # Errors
    /// When the browser does not answer or knows no such zone.
    pub fn zone(&mut self, zone: &str) -> Result<()> {
        self.call("Emulation.setTimezoneOverride", json!({ "timezoneId": zone })).map(drop)
    }

    /// Goes to `url` with the cookie `NAME=VALUE`, and waits until the page is there.
    ///
    /// # Errors
    /// When it does not come.
    pub fn open(&mut self, url: &str, cookie: &str) -> Result<()> {
        self.keep_cookie(url, cookie)?;
        self.eval("window.name = 'before'")?;
        self.call("Page.navigate", json!({ "url": url }))?;
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
    }

    /// Keeps the cookie `NAME=VALUE` of `url`, as where another tab was given it.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn keep_cookie(&mut self, url: &str, cookie: &str) -> Result<()> {
        let Some((name, value)) = cookie.split_once('=') else { return Ok(()) };
        let cookie =
            json!({ "name": name, "value": value, "url": url, "httpOnly": true, "sameSite": "Strict" });
        self.call("Network.setCookie", cookie).map(drop)
    }

    /// How often a page has asked whether it may be left.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// What an expression gives on the page.
    ///
    /// # Errors
    /// When it throws or the browser does not answer.
    pub fn eval(&mut self, expression: &str) -> Result<Value> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let done = self.call("Runtime.evaluate", params)?;
        anyhow::ensure!(done["exceptionDetails"].is_null(), "{expression}: {}", done["exceptionDetails"]);
        Ok(done["result"]["value"].clone())
    }

    /// Waits until an expression is true; while a page comes and goes it is not.
    ///
    /// # Errors
    /// When it does not become true.
    pub fn wait(&mut self, expression: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if self.eval(expression).is_ok_and(|seen| seen == true) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let page = self.eval("location.pathname + ' ' + document.body.innerText").unwrap_or_default();
        anyhow::bail!("never so: {expression} on {page}")
    }

    /// Presses a key: a letter, or `Enter`, `Escape`, `Tab`; `held` as one that repeats, `ctrl` with Control.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn press(&mut self, key: &str, held: bool, ctrl: bool) -> Result<()> {
        let text = match key {
            _ if ctrl => "",
            "Enter" => "\r",
            letter if letter.chars().count() == 1 => letter,
            _ => "",
        };
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "ArrowDown" => 40,
            letter => letter.chars().next().map_or(0, |c| u32::from(c.to_ascii_uppercase())),
        };
        let modifiers = if ctrl { 2 } else { 0 };
        let mut params = json!({
            "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" },
            "key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers, "autoRepeat": held,
        });
        if !text.is_empty() {
            params["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", params)?;
        let up =
            json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers });
        self.call("Input.dispatchKeyEvent", up).map(drop)
    }

    /// Presses the left button at one point of the window and lets it go at another.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        let steps = [("mouseMoved", from), ("mousePressed", from), ("mouseMoved", to), ("mouseReleased", to)];
        for (kind, (x, y)) in steps {
            let buttons = i32::from(kind != "mouseReleased");
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// Clicks a point of the window.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn click(&mut self, at: (f64, f64)) -> Result<()> {
        self.drag(at, at)
    }

    /// Runs a script in every page from now on, before the page's own.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn before_pages(&mut self, script: &str) -> Result<()> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).map(drop)
    }

    /// Stops the page where it is, as when a laptop is closed on it, or lets it go on.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn freeze(&mut self, frozen: bool) -> Result<()> {
        let state = if frozen { "frozen" } else { "active" };
        self.call("Page.setWebLifecycleState", json!({ "state": state })).map(drop)
    }

    /// Looks at the page at 200 %: half as much fits into a window of this size.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn twice_as_large(&mut self, width: u32, height: u32) -> Result<()> {
        let at = json!({ "width": width / 2, "height": height / 2, "deviceScaleFactor": 2, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", at).map(drop)
    }

    /// Makes the window this large.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let at = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", at).map(drop)
    }

    /// Types into what has the focus, in place of what it held.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn fill(&mut self, text: &str) -> Result<()> {
        self.eval("document.activeElement.select?.()")?;
        self.call("Input.insertText", json!({ "text": text })).map(drop)
    }

    /// Keeps pictures of the page, light and dark, wide and on a phone, where `ACUSE_TEST_PICTURES` names a folder.
    ///
    /// # Errors
    /// When the browser does not answer or the folder cannot be written.
    pub fn look(&mut self, name: &str) -> Result<()> {
        let Some(folder) = std::env::var_os("ACUSE_TEST_PICTURES") else { return Ok(()) };
        for (size, width, height) in [("wide", 1280, 900), ("phone", 390, 844)] {
            self.resize(width, height)?;
            for scheme in ["light", "dark"] {
                self.scheme(scheme)?;
                std::fs::write(
                    Path::new(&folder).join(format!("{name}-{size}-{scheme}.png")),
                    self.picture()?,
                )?;
            }
        }
        self.resize(1280, 900)?;
        self.scheme("light")
    }

    /// A picture of the page as it stands, as PNG.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn picture(&mut self) -> Result<Vec<u8>> {
        use base64::Engine;
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }))?;
        let data = shot["data"].as_str().unwrap_or_default();
        Ok(base64::engine::general_purpose::STANDARD.decode(data)?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.call("Browser.close", json!({}));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
