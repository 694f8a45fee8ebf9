//! A query that is put together from the filters that are present: what is not asked is not in its text, so that the
//! database goes by the index of what is.

use uuid::Uuid;

/// One value of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bind {
    Number(i64),
    Text(String),
    Id(Uuid),
    /// A place by arrival in the index of words.
    Place(i64),
}

impl Bind {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Its conditions and their values.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) conditions: Vec<String>,
    pub(crate) binds: Vec<Bind>,
}

impl Query {
    /// The name of a new value.
    pub(crate) fn bind(&mut self, value: Bind) -> String {
        self.binds.push(value);
        format!("${}", self.binds.len())
    }

    /// One condition over a value, where there is one: `column op $n`.
    pub(crate) fn holds(&mut self, column_and_op: &str, value: Option<Bind>) {
        if let Some(value) = value {
            let name = self.bind(value);
            self.conditions.push(format!("{column_and_op} {name}"));
        }
    }

    /// One condition that holds anyhow.
    pub(crate) fn and(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// All conditions, of which there may be none.
    pub(crate) fn all(&self) -> String {
        if self.conditions.is_empty() { "1 = 1".to_owned() } else { self.conditions.join(" AND ") }
    }
}

/// The latest of what each of these statements finds, by its first two columns: when, and which one. Each finds the latest of
/// its own, so many at most.
pub(crate) fn latest_of(each: &[String], most: u32) -> String {
    if let [only] = each {
        return only.clone();
    }
    let each: Vec<String> =
        each.iter().enumerate().map(|(n, rows)| format!("SELECT * FROM ({rows}) k{n}")).collect();
    format!("{} ORDER BY 1 DESC, 2 DESC LIMIT {most}", each.join(" UNION ALL "))
}
