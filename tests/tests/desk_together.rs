//! Two people at the desk at once, each in a browser of their own, and a supervisor beside them: nobody gets what another has,
//! nothing is decided twice, and nothing that was typed is lost.

use acuse_tests::browser::{self, Browser};
use serde_json::Value;

use crate::{
    desk::Reviewer,
    desk_decide::take,
    desk_drafts::{KEPT, at, value},
    desk_harm::{Desk, READY, on_page},
    desk_work::holder,
};

const NUMBER: &str = "#invoice-number";

/// Whether a page says why something was not done.
const TOLD: &str = "!!document.querySelector('.error[role=alert]')";

/// Whether a page is that of somebody who may decide.
const HAS_IT: &str = "!!document.querySelector('[value=approve]')";

/// Ana and Ben at work, and who may take back what they have.
struct Both {
    desk: Desk,
    sup: Reviewer,
    hers: Browser,
    his: Browser,
}

fn is(page: &mut Browser, expression: &str) -> bool {
    page.eval(expression).unwrap() == true
}

/// What a page says of why something was not done.
fn told(page: &mut Browser) -> String {
    page.wait(TOLD).unwrap();
    let said = page.eval("document.querySelector('.error[role=alert]').innerText").unwrap();
    said.as_str().unwrap().to_owned()
}

impl Both {
    /// With so many documents that each has one, and the next of theirs is kept for them.
    async fn at_work(chromium: &str) -> Self {
        let desk = Desk::of(4, "0").await;
        let ben = Reviewer::sign_in(&desk.world.place, "ben").await;
        let sup = Reviewer::sign_in_as(&desk.world.place, "sup", &["--role", "supervisor"]).await;
        let mut hers = desk.browser(chromium);
        let mut his = Browser::start(chromium, (1280, 900)).unwrap();
        let work = format!("{}/work", desk.ana.base);
        hers.open(&work, "").unwrap();
        his.open(&work, &ben.cookie).unwrap();
        Self { desk, sup, hers, his }
    }

    fn address(&self, n: usize) -> String {
        format!("{}/documents/{}", self.desk.ana.base, self.desk.ids[n])
    }

    /// Each asks for the next before the other is answered: which she was given, and which he.
    async fn fetch_at_once(&mut self) -> (usize, usize) {
        self.hers.press("n", false, false).unwrap();
        self.his.press("n", false, false).unwrap();
        let mut given = Vec::new();
        for page in [&mut self.hers, &mut self.his] {
            page.wait("location.pathname.startsWith('/documents/') && document.readyState === 'complete'")
                .unwrap();
            page.wait(READY).unwrap();
            let path = page.eval("location.pathname").unwrap();
            let id = path.as_str().unwrap().trim_start_matches("/documents/").to_owned();
            given.push(self.desk.ids.iter().position(|of| *of == id).expect("one that waits"));
        }
        assert_ne!(given[0], given[1], "two have the same");
        assert_eq!(holder(&self.desk, given[0]).await.as_deref(), Some("user:ana"));
        assert_eq!(holder(&self.desk, given[1]).await.as_deref(), Some("user:ben"));
        (given[0], given[1])
    }

    /// He opens what she has in the middle of her work: he sees that she has it, and can do nothing to it.
    async fn he_looks_at_what_she_has(&mut self, n: usize) {
        at(&mut self.hers, NUMBER);
        self.hers.fill("ANA-1").unwrap();
        self.hers.wait(KEPT).unwrap();
        let there = self.address(n);
        self.his.open(&there, "").unwrap();
        let lease = self.his.eval("document.querySelector('#lease.other')?.textContent ?? ''").unwrap();
        assert!(lease.as_str().unwrap().contains("with ana"), "{lease}");
        assert!(!is(&mut self.his, "!!document.querySelector('[value=approve], [value=take]')"));
        let is_off = format!("document.querySelector('{NUMBER}').matches(':disabled')");
        assert!(is(&mut self.his, &is_off), "nor does he type into it");
        assert_ne!(value(&mut self.his, NUMBER), "ANA-1", "what she typed is hers");
        self.his.wait(READY).unwrap();
        for key in ["t", "a", "r"] {
            self.his.press(key, false, false).unwrap();
        }
        self.his.press("Enter", false, true).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(is(&mut self.his, &on_page(&self.desk.ids[n])), "no key led anywhere");
        assert_eq!(holder(&self.desk, n).await.as_deref(), Some("user:ana"));
        assert_eq!(self.desk.document(n).await["status"], "in_review");
        assert_eq!(value(&mut self.hers, NUMBER), "ANA-1");
    }

    /// By the page of the document, which takes nothing by being opened.
    async fn is_taken_back(&self, n: usize) {
        let page = self.sup.page(&format!("/documents/{}", self.desk.ids[n])).await;
        let review = page.split("action=\"/reviews/").nth(1).and_then(|after| after.split('/').next());
        let path = format!("/reviews/{}/take-back", review.expect("somebody has it"));
        assert_eq!(self.sup.send(&path, &page, &[("back", "document")]).await.status(), 303);
        assert_eq!(holder(&self.desk, n).await, None);
    }

    /// It is taken back while she types: saving it is refused, and says so where all that she typed still stands.
    async fn her_late_save_is_refused_and_shown(&mut self, n: usize) {
        self.hers.fill("ANA-12").unwrap();
        self.is_taken_back(n).await;
        let before = self.desk.document(n).await;
        self.hers.press("Enter", false, true).unwrap();
        let said = told(&mut self.hers);
        assert!(said.contains("what you typed is still here"), "{said}");
        assert_eq!(value(&mut self.hers, NUMBER), "ANA-12");
        let after = self.desk.document(n).await;
        assert_eq!((&after["status"], &after["version"]), (&before["status"], &before["version"]));
        assert_eq!(after["fields"]["number"], before["fields"]["number"]);
    }

    /// Both take what is free before the other is answered: one has it, and the other is told who.
    async fn one_has_what_both_take(&mut self, n: usize) {
        let there = self.address(n);
        for page in [&mut self.hers, &mut self.his] {
            page.open(&there, "").unwrap();
            assert!(is(page, "!!document.querySelector('[value=take]')"), "it is nobody's");
        }
        assert_eq!(value(&mut self.hers, NUMBER), "ANA-12", "her draft is there whenever she comes back");
        assert_ne!(value(&mut self.his, NUMBER), "ANA-12", "and is hers alone");
        self.hers.press("t", false, false).unwrap();
        self.his.press("t", false, false).unwrap();
        let mut has = Vec::new();
        for page in [&mut self.hers, &mut self.his] {
            page.wait(&format!("document.readyState === 'complete' && ({TOLD} || {HAS_IT})")).unwrap();
            has.push(is(page, HAS_IT));
        }
        assert_ne!(has[0], has[1], "exactly one has it");
        let (who, other) = if has[0] { ("ana", told(&mut self.his)) } else { ("ben", told(&mut self.hers)) };
        assert_eq!(holder(&self.desk, n).await, Some(format!("user:{who}")));
        let named = format!("{} holds this review.", if has[0] { "Ana" } else { "Ben" });
        assert!(other.contains(&named), "{other}");
    }

    /// What was taken back from him she takes, and both decide it before the other is answered.
    async fn one_decision_stands_where_two_are_made(&mut self, n: usize) {
        let there = self.address(n);
        self.his.open(&there, "").unwrap();
        self.his.wait(READY).unwrap();
        self.is_taken_back(n).await;
        take(&self.desk, &mut self.hers, n).await;
        let before = self.desk.document(n).await;
        at(&mut self.his, NUMBER);
        self.his.fill("BEN-2").unwrap();
        self.his.press("Enter", false, true).unwrap();
        self.hers.press("a", false, false).unwrap();

        let went = format!("location.pathname !== '/documents/{}'", self.desk.ids[n]);
        self.hers.wait(&went).unwrap();
        let said = told(&mut self.his);
        assert!(said.contains("Nothing was decided, and what you typed is still here."), "{said}");
        assert!(!said.contains("user:"), "a colleague is called by their name: {said}");
        assert_eq!(value(&mut self.his, NUMBER), "BEN-2");
        assert!(!is(&mut self.hers, TOLD));
        let filed = self.desk.document(n).await;
        assert_eq!(filed["status"], "filed");
        let number = |of: &Value| of["fields"]["number"]["value"].clone();
        assert_eq!(number(&filed), number(&before), "as she decided it");
        assert_eq!(self.desk.events(n, "document.filed").await, 1);
        assert_eq!(self.desk.api.ledger().await.unwrap().filed, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_work_at_once_and_nothing_is_decided_twice_or_lost() {
    let Some(chromium) = browser::chromium() else { return };
    let mut both = Both::at_work(chromium).await;
    let (hers, his) = both.fetch_at_once().await;
    both.he_looks_at_what_she_has(hers).await;
    both.her_late_save_is_refused_and_shown(hers).await;
    both.one_has_what_both_take(hers).await;
    both.one_decision_stands_where_two_are_made(his).await;
}
