//! One of each problem, as the sandbox answers it and the description shows it.

use acuse_pipeline::{checks::Warning, fields::FieldName};
use acuse_storage::{CustomerId, customers::TakenAlias};

use super::Problem;

impl Problem {
    /// One of each kind, in the order of [`kinds::ALL`](super::kinds::ALL).
    #[must_use]
    pub fn examples() -> Vec<Self> {
        vec![
            Self::Unauthorized,
            Self::BadSignature,
            Self::Forbidden { scope: "documents:read" },
            Self::Withheld,
            Self::Bound,
            Self::NotFound("document"),
            Self::BadRequest("limit: must be from 1 to 200".to_owned()),
            Self::Unprocessable("to: is the day after the last, so it is after from".to_owned()),
            Self::Conflict("this review is decided already".to_owned()),
            Self::PreconditionRequired,
            Self::Stale { what: "document", version: 8 },
            Self::RangeNotSatisfiable { size_bytes: 1_234 },
            Self::Taken(vec![taken()]),
            Self::ForeignCursor,
            Self::Unproven(vec![warning()]),
            Self::TooLarge { limit_bytes: 100_000_000 },
            Self::UnsupportedMediaType("send JSON with Content-Type: application/json".to_owned()),
            Self::MethodNotAllowed,
            Self::NotFetched("the URL's server answered 404".to_owned()),
            Self::Timeout,
            Self::TooManyRequests,
            Self::RateLimited { retry_after_secs: 2 },
            Self::Busy("too many searches or exports are under way"),
            Self::TooSlow,
            Self::Unavailable("the catalog is out of reach; try again"),
            Self::Internal(anyhow::anyhow!("an example, asked for in the sandbox")),
        ]
    }
}

fn taken() -> TakenAlias {
    TakenAlias { member: "tax_ids", value: "B00000000".to_owned(), owner: CustomerId(uuid::Uuid::nil()) }
}

fn warning() -> Warning {
    Warning {
        check: "sum",
        field: Some(FieldName::Total),
        message: "subtotal and tax do not make the total.".to_owned(),
        value: "121.00".to_owned(),
    }
}
