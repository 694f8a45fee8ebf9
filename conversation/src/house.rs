//! The house's own rules, as data that whoever runs it writes: when we work, which team a case goes to and how soon it
//! answers, which filed bills are owed to us and how that is collected, what is approved by whom, and what we often answer.
//!
//! A line a thing, a tab between two cells, `-` for any or none; `rules.tsv` beside this file is an example that says it all.

mod cells;

use std::{fmt, sync::LazyLock};

use acuse_pipeline::{document, reason::ReasonCode};
use time::{Date, Duration, OffsetDateTime, macros::format_description};

use crate::{
    case::Kind,
    collect::{self, Collecting, Stages},
    hours::{Clock, Hours, Week},
    language::Language,
};
use cells::{answer, any, approve, cap, clock, owes, rule, zone};

/// An example, which a test reads.
pub const EXAMPLE: &str = include_str!("rules.tsv");

/// What comes with Acuse, which a test reads.
static OURS: LazyLock<House> = LazyLock::new(|| House::read(collect::OURS).unwrap_or_default());

/// A team of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its name.
    pub name: String,
    /// How much time of work it has to answer; none: nothing is promised.
    pub answers_in: Option<Duration>,
    /// Its own hours, where it has some.
    week: Option<Week>,
}

/// An amount and its currency (ISO 4217), the amount in ten-thousandths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// How much.
    pub amount: i64,
    /// Of what.
    pub currency: String,
}

/// Which team a case goes to; what is none is any.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    kind: Option<Kind>,
    reason: Option<ReasonCode>,
    number: Option<String>,
    language: Option<Language>,
    from: Option<Sum>,
    team: String,
}

/// What is known of a case that looks for its team.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// What it is about.
    pub kind: Kind,
    /// Why its documents wait.
    pub reasons: &'a [ReasonCode],
    /// Over which of our numbers.
    pub number: &'a str,
    /// In which language we write to its contact.
    pub language: Language,
    /// What its documents come to, or what is owed.
    pub sums: &'a [Sum],
}

/// Which filed bills of ours are owed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owes {
    currency: Option<String>,
    from: i64,
    days: i64,
}

/// What is approved, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approve {
    kind: Option<document::Kind>,
    from: Sum,
    /// All are asked at once, and the first decides; else one after the other.
    pub any: bool,
    /// From which of our numbers.
    pub number: String,
    /// Who is asked, by their phone numbers.
    pub approvers: Vec<String>,
    /// How long the buttons count.
    pub lasts: Duration,
}

/// What we often answer, to be sent by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it is called.
    pub key: String,
    /// In which language it is.
    pub language: Language,
    /// What it says.
    pub text: String,
}

/// The rules of a house. Without any nothing is promised, owed or approved by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct House {
    hours: Hours,
    teams: Vec<Team>,
    rules: Vec<Rule>,
    owes: Vec<Owes>,
    stages: Option<Stages>,
    caps: Vec<Sum>,
    approves: Vec<Approve>,
    answers: Vec<Answer>,
}

/// Rules that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rules, line {line}: {problem}")]
pub struct BadRules {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl House {
    /// Out of a file of rules.
    ///
    /// # Errors
    /// When a line is wrong.
    pub fn read(data: &str) -> Result<Self, BadRules> {
        let mut house = Self::default();
        for (n, line) in data.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
            house.take(&cells).map_err(|problem| BadRules { line: n + 1, problem })?;
        }
        Ok(house)
    }

    fn take(&mut self, cells: &[&str]) -> Result<(), &'static str> {
        match cells {
            ["clock", name] => self.hours.clock = zone(name)?,
            ["clock", minutes, summer] => self.hours.clock = clock(minutes, summer)?,
            ["hours", week] => self.hours.week = Week::read(week)?,
            ["holiday", day] | ["holiday", day, _] => {
                let day = Date::parse(day, format_description!("[year]-[month]-[day]"));
                self.hours.holidays.insert(day.map_err(|_| "a holiday is a day such as 2026-12-25")?);
            }
            ["team", name, minutes] => self.team(name, minutes, None)?,
            ["team", name, minutes, week] => self.team(name, minutes, Some(Week::read(week)?))?,
            ["rule", kind, reason, number, language, from, team] => {
                let rule = rule([kind, reason, number, language, from, team])?;
                if self.team_of(&rule.team).is_none() {
                    return Err("a rule names a team that has a line before it");
                }
                self.rules.push(rule);
            }
            ["owes", currency, from, days] => self.owes.push(owes(currency, from, days)?),
            ["collect", reminders, person] => {
                if self.stages.is_some() {
                    return Err("what is owed is collected by one line");
                }
                self.stages = Some(Stages::read(reminders, person)?);
            }
            ["cap", most] => {
                let cap = cap(most)?;
                if self.caps.iter().any(|known| known.currency == cap.currency) {
                    return Err("a cap has one line in a currency");
                }
                self.caps.push(cap);
            }
            ["approve", kind, from, how, number, hours, approvers] => {
                self.approves.push(approve([kind, from, how, number, hours, approvers])?);
            }
            ["answer", key, language, text] => {
                let answer = answer(key, language, text)?;
                if self.answer(&answer.key, answer.language).is_some() {
                    return Err("an answer has one line in a language");
                }
                self.answers.push(answer);
            }
            _ => {
                return Err(
                    "write clock, hours, holiday, team, rule, owes, collect, cap, approve or answer and their \
                     cells, a tab between two",
                );
            }
        }
        Ok(())
    }

    fn team(&mut self, name: &str, minutes: &str, week: Option<Week>) -> Result<(), &'static str> {
        if name.is_empty() || name.chars().count() > 60 {
            return Err("a team has a name of 1 to 60 characters");
        }
        if self.team_of(name).is_some() {
            return Err("a team has one line");
        }
        let answers_in = match any(minutes) {
            None => None,
            Some(text) => {
                Some(text.parse::<u32>().ok().filter(|m| *m > 0).ok_or("a team answers in minutes")?)
            }
        };
        let answers_in = answers_in.map(|minutes| Duration::minutes(i64::from(minutes)));
        self.teams.push(Team { name: name.to_owned(), answers_in, week });
        Ok(())
    }

    /// When we work; none where nobody said so.
    #[must_use]
    pub fn hours(&self) -> Option<&Hours> {
        Some(&self.hours).filter(|hours| hours.week.is_ever_open())
    }

    /// What time it is where we are, whether or not we said when we work; none where nobody said that.
    #[must_use]
    pub fn clock(&self) -> Option<&Clock> {
        Some(&self.hours.clock).filter(|clock| **clock != Clock::default())
    }

    /// All teams.
    #[must_use]
    pub fn teams(&self) -> &[Team] {
        &self.teams
    }

    fn team_of(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| team.name == name)
    }

    /// Which team a case goes to: that of the first rule that fits.
    #[must_use]
    pub fn team_for(&self, facts: &Facts<'_>) -> Option<&str> {
        self.rules.iter().find(|rule| rule.fits(facts)).map(|rule| rule.team.as_str())
    }

    /// By when a team that has a case from now on answers; none where nothing is promised.
    #[must_use]
    pub fn answers_by(&self, team: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let team = self.team_of(team)?;
        let answers_in = team.answers_in?;
        let own = team.week.as_ref().map(|week| Hours { week: week.clone(), ..self.hours.clone() });
        Some(own.as_ref().unwrap_or(&self.hours).after(now, answers_in))
    }

    /// When a filed bill of ours is due that is owed from now on; none where it is not owed by rule. `due` is what it says
    /// itself, `issued` its day.
    #[must_use]
    pub fn owed_on(&self, sum: &Sum, issued: Date, due: Option<Date>) -> Option<Date> {
        let is_of = |owes: &&Owes| {
            owes.currency.as_ref().is_none_or(|c| c.eq_ignore_ascii_case(&sum.currency))
                && sum.amount >= owes.from
        };
        let owes = self.owes.iter().find(is_of).filter(|_| sum.amount > 0)?;
        Some(due.unwrap_or(issued.saturating_add(Duration::days(owes.days))))
    }

    /// What we often answer: in this language first, then in others, each in the order of the file.
    #[must_use]
    pub fn answers(&self, language: Language) -> Vec<&Answer> {
        let (mut first, others): (Vec<_>, Vec<_>) =
            self.answers.iter().partition(|answer| answer.language == language);
        first.extend(others);
        first
    }

    /// The answer of this name in this language.
    #[must_use]
    pub fn answer(&self, key: &str, language: Language) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.key == key && answer.language == language)
    }

    /// How what is owed is collected: as Acuse does where these rules say nothing of it.
    #[must_use]
    pub fn collecting(&self) -> Collecting {
        let stages = self.stages.as_ref().or(OURS.stages.as_ref()).cloned().unwrap_or_default();
        Collecting::new(stages, self.caps.iter().chain(&OURS.caps).cloned().collect())
    }

    /// Whether these rules say of themselves how what is owed is collected.
    #[must_use]
    pub fn collects(&self) -> bool {
        self.stages.is_some() || !self.caps.is_empty()
    }

    /// Who approves a document of this kind that comes to so much; none where nobody need.
    #[must_use]
    pub fn approval_of(&self, kind: Option<document::Kind>, sum: &Sum) -> Option<&Approve> {
        self.approves
            .iter()
            .find(|approve| approve.kind.is_none_or(|k| Some(k) == kind) && approve.from.is_reached_by(sum))
    }
}

impl Sum {
    /// Whether another is of the same currency and at least this, whatever its sign.
    fn is_reached_by(&self, other: &Self) -> bool {
        self.currency.eq_ignore_ascii_case(&other.currency)
            && i128::from(other.amount).abs() >= i128::from(self.amount)
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, amount) = (if self.amount < 0 { "-" } else { "" }, self.amount.unsigned_abs());
        let (whole, behind) = (amount / 10_000, amount % 10_000);
        if behind % 100 == 0 {
            write!(f, "{sign}{whole}.{:02} {}", behind / 100, self.currency)
        } else {
            write!(f, "{sign}{whole}.{behind:04} {}", self.currency)
        }
    }
}

impl Rule {
    fn fits(&self, facts: &Facts<'_>) -> bool {
        self.kind.is_none_or(|kind| kind == facts.kind)
            && self.reason.is_none_or(|reason| facts.reasons.contains(&reason))
            && self.number.as_ref().is_none_or(|number| number == facts.number)
            && self.language.is_none_or(|language| language == facts.language)
            && self.from.as_ref().is_none_or(|from| facts.sums.iter().any(|sum| from.is_reached_by(sum)))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    fn eur(amount: i64) -> Sum {
        Sum { amount: amount * 10_000, currency: "EUR".into() }
    }

    #[test]
    fn the_example_is_read_and_its_first_rule_that_fits_counts() {
        let house = House::read(EXAMPLE).unwrap();
        let facts =
            Facts { kind: Kind::Support, reasons: &[], number: "1001", language: Language::Es, sums: &[] };
        let of = |facts: Facts<'_>| house.team_for(&facts).unwrap_or("none").to_owned();
        assert_eq!(of(facts.clone()), "ventas");
        assert_eq!(of(Facts { language: Language::Pt, ..facts.clone() }), "brasil");
        assert_eq!(of(Facts { kind: Kind::Collection, ..facts.clone() }), "cobros");
        let large = [eur(12_000)];
        let of_much = Facts { kind: Kind::Collection, sums: &large, ..facts.clone() };
        assert_eq!(of(of_much), "dirección", "an amount goes before");
        let reasons = [ReasonCode::PossibleDuplicate];
        assert_eq!(of(Facts { kind: Kind::Ask, reasons: &reasons, ..facts.clone() }), "cobros");
        assert_eq!(of(Facts { number: "2002", ..facts }), "ventas");
    }

    #[test]
    fn a_team_answers_in_its_hours() {
        let house = House::read(EXAMPLE).unwrap();
        // Friday evening, 18 December 2026, after work in Madrid.
        let evening = datetime!(2026-12-18 18:30 UTC);
        assert_eq!(
            house.answers_by("cobros", evening),
            Some(datetime!(2026-12-21 15:00 UTC)),
            "its own hours"
        );
        assert_eq!(house.answers_by("ventas", evening), Some(datetime!(2026-12-19 11:00 UTC)));
        assert_eq!(house.answers_by("dirección", evening), None, "nothing is promised");
        assert_eq!(house.answers_by("nobody", evening), None);
        assert!(House::default().hours().is_none() && house.hours().is_some());
    }

    #[test]
    fn what_is_owed_and_approved_is_said_by_rule() {
        let house = House::read(EXAMPLE).unwrap();
        let day = date!(2026 - 05 - 03);
        assert_eq!(house.owed_on(&eur(100), day, None), Some(date!(2026 - 06 - 02)));
        assert_eq!(house.owed_on(&eur(100), day, Some(day)), Some(day), "its own due day goes before");
        assert_eq!(house.owed_on(&eur(1), day, None), None, "too little");
        assert_eq!(house.owed_on(&Sum { currency: "USD".into(), ..eur(100) }, day, None), None);
        assert_eq!(House::default().owed_on(&eur(100), day, None), None);
        let invoice = Some(document::Kind::Invoice);
        let by = house.approval_of(invoice, &eur(5_000)).unwrap();
        assert_eq!(
            (by.any, by.approvers.as_slice()),
            (false, &["34600111222".to_owned(), "34600333444".to_owned()][..])
        );
        assert!(house.approval_of(invoice, &eur(-5_000)).is_some(), "what we give back too");
        assert!(house.approval_of(invoice, &eur(4_999)).is_none());
        assert!(house.approval_of(Some(document::Kind::Receipt), &eur(5_000)).is_none());
    }

    #[test]
    fn what_is_often_answered_is_offered_in_their_language_first() {
        let house = House::read(EXAMPLE).unwrap();
        let of = |language| {
            let all = house.answers(language);
            all.iter().map(|a| (a.key.as_str(), a.language.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(of(Language::Pt)[0], ("factura", "pt"));
        assert_eq!(of(Language::Es)[..2], [("factura", "es"), ("cuenta", "es")]);
        assert_eq!(of(Language::Es).len(), of(Language::En).len(), "the others are offered too");
        let account = house.answer("cuenta", Language::Es).unwrap();
        assert_eq!(account.text.lines().count(), 2, "\\n begins a line: {}", account.text);
        assert!(house.answer("cuenta", Language::Pt).is_none());
        assert!(House::default().answers(Language::Es).is_empty());
    }

    #[test]
    fn a_wrong_line_says_which_and_why() {
        for (line, why) in [
            ("nonsense", "write clock"),
            ("clock\t9999\t-", "minutes from UTC"),
            ("clock\t60\tmars", "eu or us"),
            ("clock\tEurope/Atlantis", "IANA"),
            ("hours\tMo 9-18", "hours are"),
            ("holiday\tChristmas", "2026-12-25"),
            ("team\tx\t0", "minutes"),
            ("rule\tsupport\t-\t-\t-\t-\tnobody", "names a team"),
            ("rule\tgossip\t-\t-\t-\t-\tx", "kind of case"),
            ("rule\t-\tugly\t-\t-\t-\tx", "no such reason"),
            ("rule\t-\t-\t-\tfr\t-\tx", "languages"),
            ("rule\t-\t-\t-\t-\t1000\tx", "currency"),
            ("owes\teur\t-\t30", "capital letters"),
            ("owes\t-\t1.00001\t30", "decimal"),
            ("collect\t-3,0", "write clock"),
            ("collect\t-3,0,3\t10\tmore", "write clock"),
            ("collect\t-3,x\t10", "number of days"),
            ("collect\t-3,9999999999999999999\t10", "number of days"),
            ("collect\t0,-3,3\t10", "later day than the one before"),
            ("collect\t-3,-3\t10", "later day than the one before"),
            ("collect\t-3,0,3\t3", "later day than the last"),
            ("cap\t-5 EUR", "0 or more"),
            ("cap\t500", "names its currency"),
            ("cap\t500 EURO", "capital letters"),
            ("cap\t500 XXY", "ISO 4217"),
            ("capital\t500 EUR", "write clock"),
            ("approve\t-\t10 EUR\torder\t1001\t24\t-", "phone numbers"),
            ("approve\t-\t10 EUR\tall\t1001\t24\t34600111222", "in order"),
            ("answer\t\tes\tHola", "name of 1 to 60"),
            ("answer\thi\tfr\tSalut", "languages"),
            ("answer\thi\tes\t", "1 to 4096"),
            ("answer\thi\tes", "write clock"),
        ] {
            let wrong = House::read(&format!("# rules\n\n{line}")).unwrap_err();
            assert!(wrong.line == 3 && wrong.problem.contains(why), "{line}: {wrong}");
        }
        let twice = House::read("answer\thi\tes\tHola\nanswer\thi\tes\tBuenas").unwrap_err();
        assert_eq!((twice.line, twice.problem), (2, "an answer has one line in a language"));
        let twice = House::read("cap\t1 EUR\ncap\t2 EUR").unwrap_err();
        assert_eq!((twice.line, twice.problem), (2, "a cap has one line in a currency"));
        let twice = House::read("collect\t-\t1\ncollect\t-\t2").unwrap_err();
        assert_eq!((twice.line, twice.problem), (2, "what is owed is collected by one line"));
        assert!(House::read(collect::OURS).is_ok_and(|ours| ours.stages.is_some()), "ours is whole");
    }
}
