//! Which of the amounts is the total: candidates by label, proof and place, and how sure the best one is.

use super::{
    figures::{Figure, Figures},
    included,
    proof::{CENT, Parts, Proof, prove},
    rates,
    words::Role,
};
use crate::understand::{
    scorer::{Signs, yes},
    sheet::doubt,
};

/// An amount that may be the total.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Where it stands best.
    pub figure: Figure,
    /// In ten-thousandths.
    pub value: i64,
    /// How sure its best label is.
    pub weight: f32,
    /// Rows where a label says it is the total.
    pub labels: usize,
    /// What vouches for it.
    pub proof: Proof,
    /// For ranking.
    pub score: f32,
}

/// How sure a label makes an amount a total.
fn claim(f: &Figure) -> f32 {
    let (count, nth) = f.column;
    let weight = match f.role {
        Some((Role::Total | Role::Due, w)) => w,
        Some((Role::Net, w)) => 0.45 * w,
        Some((Role::Paid, _)) => 0.3,
        Some((Role::Prepaid, _)) => 0.25,
        _ => 0.0,
    };
    // Sums of a tax table, and amounts that share their label with others.
    let shared = if count == 1 {
        1.0
    } else if nth + 1 == count {
        0.85
    } else {
        0.5
    };
    weight * shared * if f.summary { 0.5 } else { 1.0 }
}

/// So many values are weighed: those that labels claim most.
const MOST: usize = 60;

/// A label that claims so much names the total.
const NAMED: f32 = 0.75;

/// What net and tax come to, and what the rows of a table of rates do: where no label surely names the total, it is one of
/// them if it is printed.
fn come_to(parts: &Parts, rows: &[rates::Rate]) -> Vec<i64> {
    let mut out = rates::gross(rows).to_vec();
    for net in parts.nets.iter().filter(|n| n.units > 0 && !n.guessed) {
        let taxes = parts.taxes.iter().filter(|t| t.units > 0 && t.row != net.row);
        out.extend(taxes.map(|t| net.units + t.units));
    }
    out
}

/// All candidates, the best first.
pub(super) fn candidates(figures: &Figures, parts: &Parts) -> Vec<Candidate> {
    let labelled: Vec<i64> = figures
        .all
        .iter()
        .filter(|f| matches!(f.role, Some((Role::Total | Role::Due, _))) && !f.summary && f.units != 0)
        .map(|f| f.units)
        .collect();
    let mut values: Vec<i64> =
        figures.all.iter().filter(|f| f.units > 0 && claim(f) > 0.0).map(|f| f.units).collect();
    // What was paid less the change is the total, whatever stands beside it.
    for (p, c) in parts.paid.iter().flat_map(|p| parts.change.iter().map(move |c| (p, c))) {
        values.push(p.units - c.units.abs());
    }
    let named = figures.all.iter().any(|f| f.units > 0 && claim(f) >= NAMED);
    let rows = if named { Vec::new() } else { rates::rows(figures) };
    if !named && !values.is_empty() {
        values.extend(come_to(parts, &rows));
    }
    values.retain(|v| *v > 0);
    values.sort_unstable();
    values.dedup();
    let claimed = |v: i64| {
        let claims = figures.all.iter().filter(|f| f.units == v).map(claim);
        claims.fold(None, |best: Option<f32>, c| Some(best.map_or(c, |b| b.max(c))))
    };
    let mut values: Vec<(i64, f32)> = values.into_iter().filter_map(|v| Some((v, claimed(v)?))).collect();
    values.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
    values.truncate(MOST);
    let mut out: Vec<Candidate> =
        values.iter().filter_map(|(v, _)| candidate(*v, figures, parts, &labelled)).collect();
    for c in &mut out {
        c.proof.triple |= rates::table(&rows, c.value).is_some();
    }
    let largest =
        figures.all.iter().filter(|f| counts_as_larger(f, parts)).map(|f| f.units).max().unwrap_or(0);
    for c in &mut out {
        let place = c.figure.row as f32 / figures.rows.max(1) as f32;
        c.score = c.weight
            + 0.15 * c.labels.saturating_sub(1).min(2) as f32
            + 0.55 * c.proof.strong().min(2.2)
            + 0.3 * c.proof.weak()
            + 0.15 * place
            - if largest > c.value { 0.25 } else { 0.0 }
            - if c.figure.guessed { 0.1 } else { 0.0 };
    }
    settle_payments(&mut out, parts);
    settle_rounding(&mut out, parts);
    settle_shares(&mut out, &labelled);
    out.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.value.cmp(&a.value)));
    out
}

/// Whether an amount above a candidate speaks against it.
fn counts_as_larger(f: &Figure, parts: &Parts) -> bool {
    let less = !parts.discounts.is_empty() || !parts.withheld.is_empty() || !parts.prepaid.is_empty();
    match f.role {
        Some((Role::Paid | Role::Change | Role::Previous | Role::Due | Role::Prepaid | Role::Count, _)) => {
            false
        }
        Some((Role::Extra | Role::Tip | Role::Tax | Role::Discount | Role::Rounding | Role::Withheld, _)) => {
            false
        }
        Some((Role::Net, _)) | None if less => false,
        // Without decimals or a sign it may be any number: a tax id has points too.
        None if !f.seen.decimals && !f.seen.signed => false,
        _ => !f.summary && !f.guessed,
    }
}

fn candidate(value: i64, figures: &Figures, parts: &Parts, labelled: &[i64]) -> Option<Candidate> {
    let here: Vec<&Figure> = figures.all.iter().filter(|f| f.units == value).collect();
    let best = here.iter().max_by(|a, b| claim(a).total_cmp(&claim(b)).then(a.row.cmp(&b.row)))?;
    let weight = claim(best);
    let mut rows: Vec<usize> = here
        .iter()
        .filter(|f| matches!(f.role, Some((Role::Total | Role::Due, _))) && claim(f) >= 0.45)
        .map(|f| f.row)
        .collect();
    rows.dedup();
    let labels = rows.len();
    if rows.is_empty() {
        rows.push(best.row);
    }
    let proof = prove(value, &rows, figures, parts, labelled);
    Some(Candidate { figure: (*best).clone(), value, weight, labels, proof, score: 0.0 })
}

/// Where what is left to pay differs from the sum by what was paid before or is owed from before, the sum is the total.
fn settle_payments(candidates: &mut [Candidate], parts: &Parts) {
    let before: i64 = parts.prepaid.iter().map(|f| f.units.abs()).sum();
    let owed: i64 = parts.previous.iter().map(|f| f.units).sum();
    let moves: Vec<i64> = parts
        .prepaid
        .iter()
        .map(|f| -f.units.abs())
        .chain(parts.previous.iter().map(|f| f.units))
        .chain([-before, owed, owed - before])
        .filter(|m| *m != 0)
        .collect();
    let sums: Vec<(i64, f32)> = candidates
        .iter()
        .filter(|c| c.weight >= 0.6 && !matches!(c.figure.role, Some((Role::Due, _))))
        .map(|c| (c.value, c.weight))
        .collect();
    let mut raised: Vec<i64> = Vec::new();
    for c in candidates.iter_mut().filter(|c| matches!(c.figure.role, Some((Role::Due, _)))) {
        let from = sums.iter().find(|(sum, _)| moves.iter().any(|m| (sum + m - c.value).abs() <= CENT));
        if let Some((sum, _)) = from {
            c.score -= 1.0;
            raised.push(*sum);
        }
    }
    for c in candidates.iter_mut().filter(|c| raised.contains(&c.value)) {
        c.score += 0.5;
        c.proof.of_parts = true;
    }
}

/// The total of a part is no rival of the total of them all.
fn settle_shares(candidates: &mut [Candidate], labelled: &[i64]) {
    let wholes: Vec<(i64, f32)> =
        candidates.iter().filter(|c| c.proof.of_parts).map(|c| (c.value, c.weight)).collect();
    for c in candidates.iter_mut() {
        let share = wholes.iter().any(|(whole, weight)| {
            let rest = whole - c.value;
            *weight >= c.weight && rest.abs() > 5 * CENT && labelled.iter().any(|l| (l - rest).abs() <= CENT)
        });
        if share {
            c.score -= 0.6;
        }
    }
}

/// Of two values that differ by the printed rounding the later is the rounded one, and what proves the other proves it.
fn settle_rounding(candidates: &mut [Candidate], parts: &Parts) {
    let rounds: Vec<i64> =
        parts.roundings.iter().map(|r| r.units.abs()).filter(|r| (1..100 * CENT).contains(r)).collect();
    for i in 0..candidates.len() {
        for j in 0..candidates.len() {
            let (before, after) = (&candidates[i], &candidates[j]);
            let apart = (before.value - after.value).abs();
            let later = after.figure.row > before.figure.row || after.proof.change;
            if i == j || !later || !rounds.contains(&apart) || after.weight < 0.3 || before.proof.change {
                continue;
            }
            let lent = before.proof.strong();
            candidates[i].score -= 1.0;
            candidates[j].score += 0.3 + 0.3 * lent;
            candidates[j].proof.rounded = true;
        }
    }
}

/// How sure the label alone makes it.
fn by_label(weight: f32) -> f32 {
    match weight {
        w if w >= 0.9 => 0.85,
        w if w >= 0.8 => 0.8,
        w if w >= 0.6 => 0.68,
        w if w >= 0.4 => 0.55,
        w if w >= 0.25 => 0.4,
        _ => 0.3,
    }
}

/// Probability that the best candidate is the total.
pub(super) fn confidence(candidates: &[Candidate], figures: &Figures, parts: &Parts) -> f32 {
    let Some(best) = candidates.first() else { return 0.0 };
    let base = by_label(best.weight);
    let strong = best.proof.strong();
    // The only amount there is, under a word for a sum.
    let only = best.labels > 0 && figures.all.iter().all(|f| f.units == best.value && f.seen.signed);
    let evidence = strong
        + best.proof.weak()
        + 0.35 * best.labels.saturating_sub(1).min(2) as f32
        + if only { 0.8 } else { 0.0 };
    let mut sure = 1.0 - (1.0 - base) * 0.22_f32.powf(evidence.min(2.0));
    let others: Vec<&Candidate> = candidates.iter().skip(1).filter(|c| !explained(c, best, parts)).collect();
    let margin = others.first().map_or(1.0, |r| best.score - r.score);
    if margin < 0.5 {
        sure *= 0.6 + 0.8 * margin.max(0.0);
    }
    // A better label says another amount: the arithmetic may be that of a part.
    let named = others.iter().any(|c| c.weight >= best.weight + 0.25);
    if named && !best.proof.change {
        sure *= 0.75;
    }
    // Another total as well labelled that nothing explains: each may be that of a part.
    let rivals = others.iter().any(|c| c.labels > 0 && c.weight >= best.weight - 0.05);
    if rivals && !best.proof.of_parts && !best.proof.change {
        sure *= 0.8;
    }
    if strong < 1.0 {
        sure *= doubt(best.figure.read);
    }
    if !best.proof.change && !best.proof.spelled {
        sure = sure.min(ceiling(best, figures, parts));
    }
    let larger = figures.all.iter().any(|f| counts_as_larger(f, parts) && f.units > best.value);
    if larger {
        sure *= if strong >= 1.0 { 0.97 } else { 0.85 };
    }
    if best.figure.guessed && strong < 1.0 && best.proof.repeated == 0 {
        sure = sure.min(0.6);
    }
    // Where other sums are cut the same way, tails vouch for tails.
    let also_cut = figures.all.iter().any(|f| f.cut && f.role.is_some() && f.units != best.value);
    let settled = (best.proof.change || !best.proof.items.is_empty()) && !also_cut;
    if best.figure.cut && !settled {
        sure = sure.min(0.7);
    }
    if best.figure.doubtful || unclear_sign(best, figures) {
        sure = sure.min(0.6);
    }
    // Three places behind the point, or none where others have two: misread or a quantity.
    let with = figures.all.iter().filter(|f| f.seen.decimals).count();
    let odd =
        !best.figure.seen.decimals && (best.figure.seen.amount.scale == 3 || with * 2 > figures.all.len());
    if odd && strong < 1.0 {
        sure = sure.min(0.75);
    }
    sure.min(0.995)
}

/// What speaks for the best candidate and against it.
pub(super) fn signs(candidates: &[Candidate], figures: &Figures, parts: &Parts) -> Signs {
    let Some(best) = candidates.first() else { return Signs::new() };
    let proof = &best.proof;
    let others: Vec<&Candidate> = candidates.iter().skip(1).filter(|c| !explained(c, best, parts)).collect();
    let margin = others.first().map_or(1.0, |r| best.score - r.score).clamp(0.0, 1.0);
    let rival = others.iter().any(|c| c.labels > 0 && c.weight >= best.weight - 0.05);
    let larger = figures.all.iter().any(|f| counts_as_larger(f, parts) && f.units > best.value);
    let with = figures.all.iter().filter(|f| f.seen.decimals).count();
    let is = |role| matches!(best.figure.role, Some((own, _)) if own == role);
    let after = figures.all.iter().filter(|f| f.row > best.figure.row && f.units > 0).count();
    let seen = |role| figures.all.iter().any(|f| matches!(f.role, Some((own, _)) if own == role));
    vec![
        ("weight", best.weight),
        ("labels", best.labels.min(3) as f32),
        ("closure", yes(proof.closure.is_some())),
        ("change", yes(proof.change)),
        ("paid", yes(proof.paid)),
        ("items", yes(!proof.items.is_empty())),
        ("rate", yes(proof.rate)),
        ("triple", yes(proof.triple)),
        ("of_parts", yes(proof.of_parts)),
        ("rounded", yes(proof.rounded)),
        ("repeated", proof.repeated.min(3) as f32),
        ("strong", proof.strong().min(2.0)),
        ("margin", margin),
        ("better_label", yes(others.iter().any(|c| c.weight >= best.weight + 0.25))),
        ("rival", yes(rival)),
        ("larger", yes(larger)),
        ("guessed", yes(best.figure.guessed)),
        ("cut", yes(best.figure.cut)),
        ("doubtful", yes(best.figure.doubtful || unclear_sign(best, figures))),
        ("whole", yes(!best.figure.seen.decimals)),
        ("odd", yes(!best.figure.seen.decimals && with * 2 > figures.all.len())),
        ("due", yes(is(Role::Due))),
        ("net", yes(is(Role::Net))),
        ("ceiling", yes(ceiling(best, figures, parts) < 1.0)),
        ("unread", yes(!figures.unread.is_empty())),
        ("tax_seen", yes(seen(Role::Tax))),
        ("discount_seen", yes(seen(Role::Discount))),
        ("read", best.figure.read),
        ("misread", yes(best.figure.read < 0.93)),
        ("place", best.figure.row as f32 / figures.rows.max(1) as f32),
        ("after", after.min(10) as f32 / 10.0),
        ("few", yes(figures.all.len() < 4)),
    ]
}

/// Whether another figure that is called the total is less than nothing, or may be: which of them is meant?
fn unclear_sign(best: &Candidate, figures: &Figures) -> bool {
    figures.all.iter().any(|f| {
        let total = matches!(f.role, Some((Role::Total | Role::Due, w)) if w >= 0.85);
        total && !f.summary && (f.units < 0 || (f.doubtful && f.units.abs() == best.value))
    })
}

/// How sure the best candidate can be at most, where something says that the total is another amount: a total further
/// down that could not be read, none at all but a subtotal, a tax below what may be the sum before it, or a tip that may be
/// in it or not.
fn ceiling(best: &Candidate, figures: &Figures, parts: &Parts) -> f32 {
    let below = |f: &Figure| f.row > best.figure.row && !f.summary && f.units != 0;
    let unread = figures.unread.iter().any(|row| *row > best.figure.row);
    let net_alone = best.labels == 0 && matches!(best.figure.role, Some((Role::Net, _)));
    // A tax that is in it at its rate comes to nothing on top of it.
    let added = |t: &Figure| below(t) && !included::is_at_rate(best.value, t);
    let taxed_below = best.weight <= 0.7 && best.proof.closure.is_none() && parts.taxes.iter().any(added);
    if unread || net_alone || taxed_below || figures.torn { 0.6 } else { 1.0 }
}

/// Whether another candidate is a known part of the best one's sum and so no rival.
fn explained(other: &Candidate, best: &Candidate, parts: &Parts) -> bool {
    let near = |a: i64, b: i64| (a - b).abs() <= CENT;
    let in_closure = best.proof.closure.as_ref().is_some_and(|c| {
        near(c.net.units, other.value) || c.taxes.iter().any(|t| near(t.units, other.value))
    });
    let paid =
        parts.paid.iter().chain(&parts.change).any(|p| p.units.abs() == other.value) && other.weight < 0.5;
    let rounding =
        parts.roundings.iter().any(|r| r.units != 0 && near((best.value - other.value).abs(), r.units.abs()));
    let settled = best.proof.of_parts
        && (other.value < best.value || matches!(other.figure.role, Some((Role::Due, _))));
    // A labelled subtotal below a labelled total is what its label says.
    let subtotal = matches!(other.figure.role, Some((Role::Net, _)))
        && other.labels == 0
        && other.value < best.value
        && best.labels > 0
        && best.weight >= 0.8;
    in_closure || paid || rounding || settled || subtotal
}
