//! The words: what a case is, what may happen to it, and what is then to be done.

use std::collections::VecDeque;

use time::{Duration, OffsetDateTime};

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Files that somebody sends.
    Documents,
    /// Something that we need of the sender.
    Ask,
    /// A decision that somebody is to make.
    Approval,
    /// Money that is owed to us.
    Collection,
    /// News for somebody.
    Notice,
    /// A question to us.
    Support,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Documents, Self::Ask, Self::Approval, Self::Collection, Self::Notice, Self::Support];

    /// As it is written in rows and data.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Ask => "ask",
            Self::Approval => "approval",
            Self::Collection => "collection",
            Self::Notice => "notice",
            Self::Support => "support",
        }
    }

    /// The kind of a row's word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether we began it: then a stop ends it at once.
    #[must_use]
    pub fn is_proactive(self) -> bool {
        matches!(self, Self::Collection | Self::Notice)
    }
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// What it was about is settled.
    Done,
    /// Nothing came of it in its time.
    Expired,
    /// The contact wants no more of it.
    Stopped,
}

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// More may come at once.
    Gathering,
    /// We work on what came.
    Working,
    /// The contact is to do something.
    Waiting,
    /// A person has it, and the machine is silent.
    Human,
    /// It is over.
    Closed(End),
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Gathering,
        Self::Working,
        Self::Waiting,
        Self::Human,
        Self::Closed(End::Done),
        Self::Closed(End::Expired),
        Self::Closed(End::Stopped),
    ];

    /// As it is written in rows; a case that is over by how it ended.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Human => "human",
            Self::Closed(End::Done) => "done",
            Self::Closed(End::Expired) => "expired",
            Self::Closed(End::Stopped) => "stopped",
        }
    }

    /// The state of a row's word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a case expects of the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expects {
    /// A file in the place of the one that is of no use.
    File,
    /// The other side of a card, to be put beside the one that came.
    Side,
    /// A page that is missing, to be put behind those that came.
    Page,
    /// The password of a file, or the file without one.
    Password,
    /// Words.
    Words,
    /// One of the choices that it sent.
    Choice,
}

/// What came, as far as a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Came {
    /// A file.
    File,
    /// Words that nobody may read but whoever opens the file.
    Secret,
    /// Words.
    Words,
    /// A tap on one of its choices.
    Choice,
}

impl Expects {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::File, Self::Side, Self::Page, Self::Password, Self::Words, Self::Choice];

    /// Whether this is an answer to it.
    #[must_use]
    pub fn takes(self, came: Came) -> bool {
        match self {
            Self::File | Self::Side | Self::Page => came == Came::File,
            Self::Password => matches!(came, Came::Secret | Came::File),
            Self::Words => came == Came::Words,
            Self::Choice => came == Came::Choice,
        }
    }

    /// Whether what comes is put beside what is there, and does not replace it.
    #[must_use]
    pub fn adds(self) -> bool {
        matches!(self, Self::Side | Self::Page)
    }

    /// As it is written in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Side => "side",
            Self::Page => "page",
            Self::Password => "password",
            Self::Words => "words",
            Self::Choice => "choice",
        }
    }

    /// The expectation of a row's word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|expects| expects.as_str() == word)
    }
}

/// Who brings something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Nobody said so; anybody of the team.
    Team,
    /// Whoever took it.
    Agent,
}

/// What may happen to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A file came and belongs to it.
    File,
    /// Something became of a file whose burst was told of already.
    Later,
    /// Words came and belong to it.
    Words,
    /// Words came that the machine does not understand.
    Missed,
    /// Words came that are a password for it.
    Secret,
    /// A button of its was tapped.
    Choice,
    /// A document of its is at rest; so many others are not.
    DocumentAtRest {
        /// How many are still worked on.
        left: u32,
    },
    /// A person decided on what it is about.
    ReviewDecided,
    /// What it sent will not arrive.
    SendFailed,
    /// The time of its deadline has come.
    Due {
        /// The deadline that was set.
        at: OffsetDateTime,
    },
    /// A receipt pays what is owed.
    ReceiptMatched {
        /// Whether nobody has to look at it.
        is_sure: bool,
    },
    /// A person took it.
    AgentTook,
    /// They gave it back.
    AgentReturned,
    /// What is owed is to be reminded of at this time.
    Scheduled {
        /// The time; nobody is written to at night, where they are.
        at: OffsetDateTime,
    },
    /// All reminders of what is owed are said, or the time to approve is over: it is a person's.
    Overdue,
    /// The contact wants no more of it.
    OptOut,
    /// They want to hear of it again.
    OptIn,
    /// We are to ask for something.
    Asked(Expects),
}

/// An event, by a name of its own: the same event twice changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Happened {
    /// Its name.
    pub id: u128,
    /// What it is.
    pub event: Event,
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Say {
    /// So many files came.
    Received(u32),
    /// What became of them.
    Summary,
    /// The same, while some are still worked on.
    SummarySoFar,
    /// What we need.
    Question(Expects),
    /// The same once more, the first, the second, … time.
    Reminder(u32),
    /// It is settled.
    Thanks,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Say it to the contact.
    Send(Say),
    /// Let them see that we have it, and that we work on it.
    Typing,
    /// What came is the answer to what was asked.
    Attach,
    /// Come back then.
    WakeAt(OffsetDateTime),
    /// It is a person's.
    Assign(Who),
    /// An operator is to know.
    Incident,
    /// Tell those who follow how it ended.
    Tell(End),
}

/// Events that a case remembers; older ones are refused by their rows.
const REMEMBERED: usize = 64;

/// One open matter between a contact and one of our numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is about.
    pub kind: Kind,
    /// Where it stands.
    pub state: State,
    /// The one thing it expects of the contact.
    pub expects: Option<Expects>,
    /// By when; something happens then.
    pub due_at: Option<OffsetDateTime>,
    /// When it began, or what is counted from there: the burst that goes on, the question that is open.
    pub began_at: OffsetDateTime,
    /// Files that came.
    pub files: u32,
    /// Of those, how many came in its latest burst.
    pub burst: u32,
    /// Of those, how many are still worked on, as far as it has heard.
    pub left: u32,
    /// It has said that those of its latest burst came.
    pub is_received: bool,
    /// It has said how far we are, while some were still worked on.
    pub is_told: bool,
    /// Since then something became of another.
    pub is_late: bool,
    /// Times it has come back by its deadline since it last moved.
    pub turns: u32,
    /// The contact wants to hear no more of our own accord.
    pub is_quiet: bool,
    /// Grows with each event.
    pub version: u64,
    /// The latest events, by their names.
    pub seen: VecDeque<u128>,
}

impl Case {
    /// A case that begins now; nothing has happened to it, and it is looked at again in a day at the latest.
    #[must_use]
    pub fn new(kind: Kind, now: OffsetDateTime) -> Self {
        Self {
            kind,
            state: if kind == Kind::Documents { State::Gathering } else { State::Working },
            expects: None,
            due_at: Some(now.saturating_add(Duration::DAY)),
            began_at: now,
            files: 0,
            burst: 0,
            left: 0,
            is_received: false,
            is_told: false,
            is_late: false,
            turns: 0,
            is_quiet: false,
            version: 0,
            seen: VecDeque::new(),
        }
    }

    /// Whether it is not over.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed(_))
    }

    /// Whether this event has happened to it already; from now on it has.
    pub(crate) fn knows(&mut self, id: u128) -> bool {
        if self.seen.contains(&id) {
            return true;
        }
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(id);
        false
    }
}
