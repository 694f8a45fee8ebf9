//! Tips: what was left to who served is in the total, what is but suggested is not.
//!
//! A restaurant's slip may print the sum before a tip, the tip that it suggests, and the sum with it ("TOTAL CON PROPINA").
//! Which of the two was paid, the payment says; where nothing does, the one before a suggested tip is the bill's, and of a tip
//! that nobody calls suggested nobody knows.

use std::sync::LazyLock;

use super::{
    figures::{Figure, Figures},
    proof::CENT,
    words::{Role, names_tax, plain, stands},
};
use crate::{
    knowledge::{self, Phrases},
    understand::sheet::Sheet,
};

/// The phrases of a role in `data/tip_words.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/tip_words.tsv"), role)
}

static TIP: Phrases = LazyLock::new(|| of("tip"));
static SERVICE: Phrases = LazyLock::new(|| of("service"));
static SUGGESTED: Phrases = LazyLock::new(|| of("suggested"));
static TOTAL: Phrases = LazyLock::new(|| of("total"));
static JOIN: Phrases = LazyLock::new(|| of("join"));

/// So many sums, taxes, tips and payments take part, the last ones: more are no restaurant's.
const MOST: usize = 24;

/// What a row says of a tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Says {
    /// It is about a tip, or about a service that nobody need pay for.
    tip: bool,
    /// It is left to whoever pays.
    suggested: bool,
    /// It calls itself a sum.
    sum: bool,
    /// It is of the sum with it.
    with: bool,
}

/// What a label in plain words says of a tip.
fn says(label: &str) -> Says {
    let first = |words: &[&str]| words.iter().filter_map(|w| stands(label, w)).min();
    let suggested = first(&SUGGESTED).is_some();
    let tip = first(&TIP).or_else(|| first(&SERVICE).filter(|_| suggested));
    let Some(tip) = tip else { return Says::default() };
    let total = first(&TOTAL).filter(|total| *total < tip);
    let joined = total.is_some_and(|total| JOIN.iter().any(|w| stands(&label[total..], w).is_some()));
    Says { tip: true, suggested, sum: total.is_some(), with: joined }
}

/// What each row says; under a heading that suggests tips, rows of shares suggest them (`18% = $3.60 Total $23.60`).
fn said(sheet: &Sheet) -> Vec<Says> {
    let mut heads = false;
    let of_row = |row: &crate::understand::sheet::Row| {
        let label = plain(&row.folded);
        let share = row.folded.contains('%') && !label.split(' ').any(names_tax);
        let own = says(&label);
        let listed = heads && share;
        let says = if listed { Says { tip: true, suggested: true, ..Says::default() } } else { own };
        heads = says.suggested && (listed || !row.folded.contains(|c: char| c.is_ascii_digit()));
        says
    };
    sheet.rows.iter().map(of_row).collect()
}

/// What the label of a figure says, on its row or, where that has no words, on the one above.
fn about(said: &[Says], sheet: &Sheet, figure: &Figure) -> Says {
    let worded = |at: usize| sheet.rows.get(at).is_some_and(|r| r.folded.contains(char::is_alphabetic));
    let at = if worded(figure.row) { figure.row } else { figure.row.saturating_sub(1) };
    said.get(at).copied().unwrap_or_default()
}

/// Says of each sum with a tip whether it is the total, and of each tip whether it is one.
pub(super) fn settle(figures: &mut Figures, sheet: &Sheet) {
    let said = said(sheet);
    let of: Vec<Says> = figures.all.iter().map(|f| about(&said, sheet, f)).collect();
    let with = with_tip(&figures.all, &of);
    let offered: Vec<usize> = (0..of.len()).filter(|n| of[*n].suggested && !with.contains(n)).collect();
    if with.is_empty() && offered.is_empty() {
        return;
    }
    if with.len().max(offered.len()) > MOST {
        figures.torn = true;
        return;
    }
    let is_tip = |n: &usize| matches!(figures.all[*n].role, Some((Role::Tip, _))) && !with.contains(n);
    let tips: Vec<usize> = (0..of.len()).filter(|n| is_tip(n) || offered.contains(n)).collect();
    let paid = paid(&figures.all);
    let was_paid = |units: i64| paid.iter().any(|p| (p - units).abs() <= CENT);
    let units = |n: &usize| figures.all[*n].units;
    let before = with.iter().any(|w| tips.iter().any(|t| was_paid(units(w) - units(t).abs())));
    let charged: Vec<usize> = with.iter().copied().filter(|n| !before && was_paid(units(n))).collect();
    let optional = before || of.iter().any(|s| s.suggested);
    let sum_before = figures.all.iter().enumerate().any(|(n, f)| !with.contains(&n) && is_total(f));
    let open = !with.is_empty() && charged.is_empty() && !before;
    figures.torn |= open && !(optional && sum_before);
    let no_tip = if charged.is_empty() && before { tips } else { offered };
    for n in with {
        let total = charged.contains(&n);
        set(&mut figures.all[n], if total { Role::Total } else { Role::Count });
    }
    for n in no_tip.into_iter().filter(|_| charged.is_empty()) {
        set(&mut figures.all[n], Role::Count);
    }
}

fn set(figure: &mut Figure, role: Role) {
    figure.role = Some((role, 1.0));
    figure.column = (1, 0);
    figure.summary = false;
}

fn is_total(figure: &Figure) -> bool {
    matches!(figure.role, Some((Role::Total | Role::Due, weight)) if weight >= 0.8) && !figure.summary
}

/// The last figures of a role.
fn last_of(all: &[Figure], is: impl Fn(Role) -> bool) -> Vec<&Figure> {
    let mut of: Vec<&Figure> =
        all.iter().rev().filter(|f| f.role.is_some_and(|r| is(r.0))).take(MOST).collect();
    of.reverse();
    of
}

/// What was paid, and what of it was kept.
fn paid(all: &[Figure]) -> Vec<i64> {
    let (given, back) = (last_of(all, |r| r == Role::Paid), last_of(all, |r| r == Role::Change));
    let kept = given.iter().flat_map(|p| back.iter().map(move |c| p.units - c.units.abs()));
    given.iter().map(|p| p.units).chain(kept).filter(|units| *units > 0).collect()
}

/// The sums that have a tip in them: by their label, by their size, or because they are what is suggested more than a sum
/// before it.
fn with_tip(all: &[Figure], of: &[Says]) -> Vec<usize> {
    let last = |n: usize| all.get(n + 1).is_none_or(|next| next.row != all[n].row);
    let mut with: Vec<usize> = (0..all.len()).filter(|n| of[*n].with && last(*n)).collect();
    let largest = (0..all.len()).filter(|n| !of[*n].with && is_total(&all[*n])).map(|n| all[n].units).max();
    let large = |f: &Figure| largest.is_some_and(|total| total > 0 && f.units > total / 2);
    // "TOTAL + PROPINA" is no sum of tips where it is as large as a bill.
    with.extend((0..all.len()).filter(|n| of[*n].sum && !of[*n].with && last(*n) && large(&all[*n])));
    let offered = (0..all.len()).filter(|n| of[*n].suggested && !with.contains(n));
    let offered: Vec<&Figure> = offered.map(|n| &all[n]).take(MOST).collect();
    if !offered.is_empty() {
        let sums = Before::of(all);
        let holds =
            |f: &Figure| offered.iter().any(|t| f.row > t.row && sums.come_to(f.row, f.units - t.units));
        let plain = (0..all.len()).filter(|n| of[*n] == Says::default() && is_total(&all[*n]));
        with.extend(plain.filter(|n| holds(&all[*n])));
    }
    with.sort_unstable();
    with.dedup();
    with
}

/// The sums and taxes that a sum with a tip may be made of.
struct Before<'a> {
    sums: Vec<&'a Figure>,
    taxes: Vec<&'a Figure>,
}

impl<'a> Before<'a> {
    fn of(all: &'a [Figure]) -> Self {
        let sums = last_of(all, |r| matches!(r, Role::Total | Role::Due | Role::Net));
        Self { sums, taxes: last_of(all, |r| r == Role::Tax) }
    }

    /// Whether a sum on another row, or one with the taxes on it, comes to `units`.
    fn come_to(&self, row: usize, units: i64) -> bool {
        let near = |made: i64| (made - units).abs() <= CENT;
        let taxes: Vec<i64> = self.taxes.iter().filter(|t| t.row != row).map(|t| t.units).collect();
        let all: i64 = taxes.iter().sum();
        let mut sums = self.sums.iter().filter(|s| s.row != row && s.units > 0).map(|s| s.units);
        units > 0 && sums.any(|s| near(s) || near(s + all) || taxes.iter().any(|t| near(s + t)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::sheet, *};
    use crate::understand::amounts::{Sums, sums};

    fn read(text: &str) -> (String, Option<String>, f32) {
        let Sums { total, breakdown, .. } = sums(&sheet(text), 2);
        let total = total.expect("a total");
        (total.amount.to_decimal(), breakdown.tip, total.confidence)
    }

    #[test]
    fn every_role_of_the_file_is_read() {
        let text = include_str!("../data/tip_words.tsv");
        let lists = [&TIP, &SERVICE, &SUGGESTED, &TOTAL, &JOIN];
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
        assert!(lists.iter().flat_map(|l| l.iter()).all(|w| plain(w) == *w));
    }

    /// What each language calls them.
    const SLIPS: &[[&str; 3]] = &[
        ["TOTAL", "PROPINA SUGERIDA 10%", "TOTAL CON PROPINA"],
        ["TOTAL A PAGAR", "Propina voluntaria (10%)", "Total más propina"],
        ["Total", "Suggested tip 10%", "Total incl. tip suggested"],
        ["TOTAL", "Recommended gratuity 10%", "Total with 10% gratuity"],
        ["TOTAL", "Serviço opcional 10%", "Total com serviço (opcional)"],
        ["TOTAL", "Gorjeta sugerida 10%", "TOTAL C/ GORJETA"],
        ["TOTALE", "Mancia facoltativa 10%", "Totale con mancia"],
        ["TOTAL TTC", "Pourboire suggéré 10%", "Total avec pourboire"],
        ["Summe", "Trinkgeld Vorschlag 10%", "Summe inkl. Trinkgeld"],
        ["TOTAL", "Propina suggerida 10%", "Total amb propina"],
    ];

    fn slip(words: &[&str; 3], paid: &str) -> String {
        let [total, tip, with] = words;
        format!(
            "Sopa     40,00\nVino     60,00\n{total}     100,00\n{tip}     10,00\n{with}     110,00\n{paid}"
        )
    }

    #[test]
    fn the_bill_is_the_sum_before_a_suggested_tip() {
        for words in SLIPS {
            let (total, tip, sure) = read(&slip(words, ""));
            assert!(total == "100.00" && tip.is_none() && sure > 0.8, "{words:?}: {total} {tip:?} {sure}");
            let (total, tip, _) = read(&slip(words, "VISA     100,00\n"));
            assert!(total == "100.00" && tip.is_none(), "{words:?}: {total} {tip:?}");
        }
    }

    #[test]
    fn a_tip_that_was_paid_is_in_the_total() {
        for words in SLIPS {
            for paid in ["VISA     110,00\n", "CASH     120,00\nCHANGE     10,00\n"] {
                let (total, tip, sure) = read(&slip(words, paid));
                // Of what is said to be payable without it, and was paid with it, nobody is sure.
                let payable = words[0] == "TOTAL A PAGAR";
                let told = payable || tip.as_deref() == Some("10.00") || words[1].starts_with("Serviço");
                assert!(
                    total == "110.00" && told && (payable || sure > 0.8),
                    "{words:?}: {total} {tip:?} {sure}"
                );
            }
        }
    }

    #[test]
    fn of_a_tip_that_nobody_calls_suggested_nobody_knows() {
        let (_, _, sure) = read(&slip(&["TOTAL", "PROPINA 10%", "TOTAL CON PROPINA"], ""));
        assert!(sure <= 0.6, "{sure}");
        let (total, tip, _) =
            read(&slip(&["TOTAL", "PROPINA 10%", "TOTAL CON PROPINA"], "VISA     110,00\n"));
        assert_eq!((total.as_str(), tip.as_deref()), ("110.00", Some("10.00")));
        // Put into the total though it is the guest's to give.
        let open = "Subtotal     100,00\nPropina sugerida 10%     10,00\nTotal     110,00\n";
        assert!(read(open).2 <= 0.6);
        let (total, tip, _) = read(&format!("{open}Tarjeta     110,00\n"));
        assert_eq!((total.as_str(), tip.as_deref()), ("110.00", Some("10.00")));
        let taxed =
            "Subtotal     100,00\nIVA 16%     16,00\nPropina sugerida 10%     10,00\nTotal     126,00\n";
        assert!(read(taxed).2 <= 0.6);
    }

    #[test]
    fn tips_under_a_heading_are_nobodys() {
        let (total, tip, sure) = read(
            "Soup     20.00\nTotal     20.00\nSuggested Gratuity\n18% =     3.60  Total     23.60\n\
             20% =     4.00  Total     24.00\n",
        );
        assert!(total == "20.00" && tip.is_none() && sure > 0.7, "{total} {tip:?} {sure}");
    }

    #[test]
    fn a_tip_that_is_a_part_is_told() {
        let (total, tip, _) = read("Subtotal     48.68\nTax     4.80\nTip     4.52\nTotal     58.00\n");
        assert_eq!((total.as_str(), tip.as_deref()), ("58.00", Some("4.52")));
        let (total, tip, _) = read("Subtotal     48.68\nService charge     4.87\nTotal     53.55\n");
        assert_eq!((total.as_str(), tip), ("53.55", None));
    }
}
