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
    /// Each who is inside holds one of its receivers.
    inside: watch::Sender<()>,
}

impl Way {
    pub async fn to(endpoint: &str) -> Self {
        let behind = endpoint.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (shut, closed) = watch::channel(false);
        let inside = watch::Sender::new(());
        let guests = inside.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (behind, mut closed, guest) = (behind.clone(), closed.clone(), guests.subscribe());
                tokio::spawn(async move {
                    let both = async {
                        let Ok(mut far) = TcpStream::connect(behind).await else { return };
                        tokio::io::copy_bidirectional(&mut near, &mut far).await.ok();
                    };
                    tokio::select! { biased; _ = closed.wait_for(|shut| *shut) => {}, () = both => {} }
                    drop((near, guest));
                });
            }
        });
        Self { endpoint, shut, inside }
    }

    /// Opens it; or shuts it, and waits until nobody is inside.
    pub async fn shut(&self, shut: bool) {
        self.shut.send_replace(shut);
        if shut {
            self.inside.closed().await;
        }
    }
}
