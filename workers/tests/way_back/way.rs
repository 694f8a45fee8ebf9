//! A way to a server that a test can shut: those who come find the door closed, those who are inside are thrown out.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::net::{TcpListener, TcpStream};

/// A way that can be shut.
pub struct Way {
    /// Where it begins.
    pub endpoint: String,
    shut: Arc<AtomicBool>,
}

impl Way {
    pub async fn to(endpoint: &str) -> Self {
        let behind = endpoint.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shut = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&shut);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (behind, closed) = (behind.clone(), Arc::clone(&closed));
                tokio::spawn(async move {
                    if closed.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(behind).await else { return };
                    let both = tokio::io::copy_bidirectional(&mut near, &mut far);
                    let ends = async {
                        while !closed.load(Ordering::SeqCst) {
                            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                        }
                    };
                    tokio::select! { _ = both => {}, () = ends => {} }
                });
            }
        });
        Self { endpoint, shut }
    }

    pub fn shut(&self, shut: bool) {
        self.shut.store(shut, Ordering::SeqCst);
    }
}
