//! A way to a server that a test can shut: those who come find the door closed, those who are inside are thrown out.

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A way that can be shut.
pub struct Way {
    /// Where it begins.
    pub endpoint: String,
    shut: watch::Sender<bool>,
    /// How many are on it.
    inside: watch::Sender<usize>,
}

impl Way {
    pub async fn to(endpoint: &str) -> Self {
        let behind = endpoint.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (shut, inside) = (watch::Sender::new(false), watch::Sender::new(0));
        let (closed, count) = (shut.clone(), inside.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (behind, closed, count) = (behind.clone(), closed.subscribe(), count.clone());
                tokio::spawn(async move {
                    count.send_modify(|n| *n += 1);
                    carry(near, &behind, closed).await;
                    count.send_modify(|n| *n -= 1);
                });
            }
        });
        Self { endpoint, shut, inside }
    }

    /// Returns when nobody is inside any more, so that whatever is asked afterwards finds it shut.
    pub async fn shut(&self, shut: bool) {
        self.shut.send_replace(shut);
        if shut {
            self.inside.subscribe().wait_for(|inside| *inside == 0).await.unwrap();
        }
    }
}

async fn carry(mut near: TcpStream, behind: &str, mut closed: watch::Receiver<bool>) {
    let both = async {
        if let Ok(mut far) = TcpStream::connect(behind).await {
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        }
    };
    tokio::select! {
        biased;
        _ = closed.wait_for(|closed| *closed) => {}
        () = both => {}
    }
}
