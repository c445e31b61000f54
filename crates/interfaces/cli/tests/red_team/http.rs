//! Smart HTTP for the test: `git http-backend` run as CGI (RFC 3875) for each request, and nothing more.
//!
//! HTTP/1.1 with `Content-Length` or chunked bodies, one request a connection. Requests come from git alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A server that lives as long as the test's process.
pub struct HttpServer {
    port: u16,
}

impl HttpServer {
    pub fn start() -> Result<HttpServer, String> {
        let backend = backend()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        let port = listener
            .local_addr()
            .map_err(|error| error.to_string())?
            .port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let backend = backend.clone();
                std::thread::spawn(move || serve(stream, &backend));
            }
        });
        Ok(HttpServer { port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

fn backend() -> Result<PathBuf, String> {
    let output = Command::new("git")
        .arg("--exec-path")
        .output()
        .map_err(|error| error.to_string())?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let backend = folder.join("git-http-backend");
    match backend.is_file() {
        true => Ok(backend),
        false => Err("this git has no http-backend".to_owned()),
    }
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn serve(mut stream: TcpStream, backend: &PathBuf) {
    let Some(request) = read_request(&mut stream) else {
        return;
    };
    let header = |name: &str| {
        let found = request.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str()).to_owned()
    };
    let mut command = Command::new(backend);
    command
        .env("GIT_PROJECT_ROOT", "/")
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "pusher")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else {
        return;
    };
    let mut stdin = child.stdin.take().expect("it is piped");
    let body = request.body;
    // The backend may end without reading everything.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&body)));
    let output = child.wait_with_output().expect("it can be waited for");
    feeder.join().expect("feeding does not panic");
    let _ = stream.write_all(&as_http(&output.stdout));
}

/// A CGI reply as an HTTP response that ends with the connection.
fn as_http(reply: &[u8]) -> Vec<u8> {
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = reply.split_at(end.map_or(0, |end| end + 4));
    let head = String::from_utf8_lossy(head);
    let mut status = "200 OK".to_owned();
    let mut headers = String::new();
    for line in head.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("Status: ") {
            Some(found) => status = found.to_owned(),
            None => headers.push_str(&format!("{line}\r\n")),
        }
    }
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let first = read_line(&mut reader)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = Vec::new();
    loop {
        let line = read_line(&mut reader)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let has = |name: &str| headers.iter().find(|(known, _)| known == name);
    if has("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let body = match (has("transfer-encoding"), has("content-length")) {
        (Some(_), _) => read_chunks(&mut reader)?,
        (None, Some((_, length))) => {
            let mut body = vec![0; length.parse().ok()?];
            reader.read_exact(&mut body).ok()?;
            body
        }
        (None, None) => Vec::new(),
    };
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

fn read_chunks(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(read_line(reader)?.trim(), 16).ok()?;
        let mut chunk = vec![0; size];
        reader.read_exact(&mut chunk).ok()?;
        body.extend(chunk);
        read_line(reader)?;
        if size == 0 {
            return Some(body);
        }
    }
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    match reader.read_line(&mut line) {
        Ok(count) if count > 0 => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => None,
    }
}
