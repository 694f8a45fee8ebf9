//! Every kind of problem there is: its name, its status, what it means and what to do. [`Problem`](super::Problem)
//! can answer with nothing else; the description, the pages at `/problems` and the sandbox are made of the same list.

use http::StatusCode;

/// What `type` of a problem begins with. The whole is a stable name: compare it, do not resolve it. Its page is at
/// `/problems/{name}`.
pub const PREFIX: &str = "urn:acuse:problem:";

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Stable; the end of its `type`.
    pub name: &'static str,
    /// Of the answer.
    pub status: StatusCode,
    /// Short, for people.
    pub title: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What the caller does about it.
    pub remedy: &'static str,
}

impl Kind {
    /// The whole `type`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    /// The address of its page, on the server that answered.
    #[must_use]
    pub fn page(&self) -> String {
        format!("/problems/{}", self.name)
    }

    /// The kind of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|kind| kind.name == name)
    }
}

macro_rules! kinds {
    ($($constant:ident = $status:ident $name:literal $title:literal, $meaning:literal, $remedy:literal;)+) => {
        $(#[doc = concat!("`", $name, "`")]
        pub static $constant: Kind = Kind {
            name: $name, status: StatusCode::$status, title: $title, meaning: $meaning, remedy: $remedy,
        };)+
        /// All of them.
        pub static ALL: &[&Kind] = &[$(&$constant),+];
    };
}

kinds! {
    UNAUTHORIZED = UNAUTHORIZED "unauthorized" "Not authenticated",
        "There is no API key in the request, or one that is not known (any more).",
        "Send Authorization: Bearer <key>. Keys are made with `acuse key create` and shown once.";
    BAD_SIGNATURE = UNAUTHORIZED "bad_signature" "Signature refused",
        "A webhook's X-Hub-Signature-256 is not that of its body. Nothing was kept.",
        "Check that ACUSE_WHATSAPP_APP_SECRET is the secret of the app that sends.";
    FORBIDDEN = FORBIDDEN "forbidden" "Not allowed",
        "The key is good and lacks the scope that this needs; `detail` names it.",
        "Use a key with that scope.";
    WITHHELD = FORBIDDEN "withheld" "Withheld",
        "The document is an ID, or nobody vouches yet that it is none.",
        "Use a key with the scope ids:read, or wait until it is `open`.";
    BOUND = FORBIDDEN "bound" "Out of reach",
        "The key is bound to some customers, entities or teams, and this concerns all.",
        "Use a key that is not bound.";
    NOT_FOUND = NOT_FOUND "not_found" "Not found",
        "There is no such thing, or the key may not know that there is.",
        "Check the id; do not try again.";
    BAD_REQUEST = BAD_REQUEST "bad_request" "Bad request",
        "The request is not as /openapi.json describes it. `detail` names the member or parameter and what to send instead.",
        "Mend the request; do not send it again as it is.";
    UNPROCESSABLE = UNPROCESSABLE_ENTITY "unprocessable" "Cannot be processed",
        "The request is as described, and what it says cannot be: parts of it do not go together, or there is no such value.",
        "See `detail` for which member or parameter it is, and send another.";
    CONFLICT = CONFLICT "conflict" "Conflict",
        "The request is understood, and cannot be done as things stand; `detail` says why.",
        "Read what there is, then decide again.";
    PRECONDITION_REQUIRED = PRECONDITION_REQUIRED "precondition_required" "Say which version",
        "A change came without the version it was made of.",
        "Send If-Match with the ETag of GET /v1/documents/{id}.";
    STALE = PRECONDITION_FAILED "stale" "Changed meanwhile",
        "What is to be changed, or to go, is not any more as it was seen; `detail` has its version now.",
        "Read it again, and change that.";
    RANGE_NOT_SATISFIABLE = RANGE_NOT_SATISFIABLE "range_not_satisfiable" "Not in the content",
        "No byte of the range is there.",
        "Ask without Range for the length.";
    TAKEN = CONFLICT "taken" "Somebody else's",
        "An external id, phone, tax id or number is another customer's; `conflicts` says whose.",
        "Change or merge that customer, or say ?reassign=true.";
    FOREIGN_CURSOR = GONE "foreign_cursor" "Not a cursor of this feed",
        "This feed never gave that cursor: the database was restored, replaced or moved, or it is another server's.",
        "Keep the `next` of /v1/events?after=head, read documents and customers to their end, then follow from it.";
    UNPROVEN = UNPROCESSABLE_ENTITY "unproven" "Something speaks against it",
        "A check speaks against the decision; `warnings` has each.",
        "Correct it, or say why it is right all the same in `because`, and in `overrides` the `name` of each that you mean.";
    TOO_LARGE = PAYLOAD_TOO_LARGE "too_large" "Too large",
        "The body is larger than may be; `detail` has the cap.",
        "Send less.";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "Unsupported media type",
        "The body is of a type that this address does not take; `detail` says which it takes.",
        "Send that type.";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "method_not_allowed" "Method not allowed",
        "The address is there, and does not take that method.",
        "See /docs for those it takes.";
    NOT_FETCHED = UNPROCESSABLE_ENTITY "not_fetched" "The URL could not be fetched",
        "The file's URL may not be called, did not answer, or answered something else than a file; `detail` says which.",
        "Check the URL, or send the file itself.";
    TIMEOUT = REQUEST_TIMEOUT "timeout" "Timed out",
        "The request came too slowly, or its answer took too long.",
        "Send it again; with an Idempotency-Key where it makes something.";
    TOO_MANY_REQUESTS = TOO_MANY_REQUESTS "too_many_requests" "Too many requests",
        "Too many attempts to sign in.",
        "Wait a minute.";
    RATE_LIMITED = TOO_MANY_REQUESTS "rate_limited" "Too many requests",
        "The key asks more often than it may, or the address tried too many keys in vain.",
        "Wait the seconds that Retry-After says.";
    BUSY = SERVICE_UNAVAILABLE "busy" "Busy",
        "As much as may be is being done already.",
        "Wait the seconds that Retry-After says, and send it again.";
    QUERY_TIMEOUT = SERVICE_UNAVAILABLE "query_timeout" "Search broken off",
        "A search took longer than 5 seconds and was broken off.",
        "Narrow it, by a time (from, to) or a status.";
    UNAVAILABLE = SERVICE_UNAVAILABLE "unavailable" "Try again later",
        "A part that this needs is away: the catalog, the objects, or the channel.",
        "Wait the seconds that Retry-After says, and send it again.";
    INTERNAL = INTERNAL_SERVER_ERROR "internal" "Internal error",
        "Something failed on our side. `id` is where to look in the log.",
        "Send it again later; tell the operator the id if it stays.";
}
