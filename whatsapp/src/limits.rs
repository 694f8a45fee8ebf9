//! Every number Meta publishes that the channel lives by, with its source, and our own caps beside them.

use std::time::Duration;

/// Meta's Graph API, with the version whose shapes this crate reads.
pub const GRAPH_URL: &str = "https://graph.facebook.com/v25.0";
/// Bytes of one webhook POST (Meta, webhooks overview, 2026-09: 3 MB).
pub const WEBHOOK_BYTES: usize = 3 * 1024 * 1024;
/// Updates Meta batches into one POST at most (Meta, create_webhook_endpoint). More is noted, and still read.
pub const WEBHOOK_UPDATES: usize = 1_000;
/// Items read of one POST. Ours: far above Meta's 1,000; what is beyond is noted, and kept in the raw body.
pub const WEBHOOK_ITEMS_CAP: usize = 20_000;
/// Troubles noted of one POST, so that a hostile body cannot multiply. Ours.
pub const WEBHOOK_TROUBLES_CAP: usize = 200;
/// Nesting read inside one item; deeper branches become null with a trouble. Ours.
pub const WEBHOOK_DEPTH: usize = 32;

/// Life of the URL that a media look-up answers with (Meta, media: 5 minutes).
pub const MEDIA_URL_LIFE: Duration = Duration::from_secs(5 * 60);
/// Life of a media id that came in a webhook (Meta, media, since 2025-10-09: 7 days).
pub const MEDIA_ID_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// When to raise the alarm about media that is still not fetched. Ours: two days are left then.
pub const MEDIA_ALARM_AFTER: Duration = Duration::from_secs(5 * 24 * 3600);
/// Bytes of any inbound media (Meta, media: 100 MB; beyond it the webhook says 131052).
pub const MEDIA_BYTES: u64 = 100 * 1024 * 1024;

/// Life of a media id that we uploaded (Meta, media: 30 days).
pub const UPLOAD_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long such an id is used before the file is uploaded anew. Ours: a day is left then, for clocks and queues.
pub const UPLOAD_USED: Duration = Duration::from_secs(29 * 24 * 3600);
/// Bytes of a picture that is sent, JPEG or PNG (Meta, media: 5 MB; the smaller of the two that this may mean).
pub const IMAGE_BYTES: u64 = 5_000_000;
/// Bytes of a document that is sent. Ours: an upload stands in memory whole; Meta takes 100 MB.
pub const DOCUMENT_BYTES: u64 = 10_000_000;
/// Bytes of a video as the example of a header (Meta, media: 16 MB; the smaller of the two that this may mean).
pub const VIDEO_BYTES: u64 = 16_000_000;
/// Characters of the caption of a file (Meta, image and document messages: 1024).
pub const CAPTION_CHARS: usize = 1_024;
/// Characters of the name of a file that is sent. Ours; longer ones are not shown whole by any telephone.
pub const FILENAME_CHARS: usize = 120;

/// The customer-service window: from the user's last message (Meta, send messages: 24 hours).
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);
/// What we keep away from its end, for clocks and queues. Ours.
pub const WINDOW_MARGIN: Duration = Duration::from_secs(5 * 60);
/// One message per this long to the same user (Meta, throughput: pair rate limit 1 per 6 s).
pub const PAIR_INTERVAL: Duration = Duration::from_secs(6);
/// Messages to the same user that may be sent at once, borrowed from the time after (Meta, throughput: 45).
pub const PAIR_BURST: u32 = 45;
/// Messages a second of one number, inbound and outbound together (Meta, throughput: 80).
pub const NUMBER_PER_SECOND: u32 = 80;
/// Messages a second of a number that is also on a phone (Meta, coexistence: 20).
pub const COEXISTENCE_PER_SECOND: u32 = 20;

/// Characters of a text message (Meta, text messages: 4096).
pub const TEXT_CHARS: usize = 4_096;
/// Characters of `biz_opaque_callback_data` (Meta, messages API: 512).
pub const CALLBACK_DATA_CHARS: usize = 512;

/// Wait for a connection to Meta. Ours.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Wait for the whole of one API answer. Ours; Meta's median is well below a second.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Wait for the answer to an upload: [`DOCUMENT_BYTES`] at 170 kB/s. Ours.
pub const UPLOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// Wait for the next piece of a download. Ours.
pub const DOWNLOAD_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Wait for the whole of a download: 100 MB at 350 kB/s. Ours; below [`MEDIA_URL_LIFE`].
pub const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(290);
/// Bytes read of one API answer. Ours; real ones are below 4 kB.
pub const ANSWER_BYTES: usize = 1024 * 1024;
/// Redirects followed for one download, each to an allowed host and without the token. Ours.
pub const REDIRECTS: usize = 3;
/// The longest pause believed from a `Retry-After` or usage header. Ours.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
