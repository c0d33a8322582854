//! A browser without a window: it keeps cookies, and fills in the forms of pages.

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};

use crate::harness::{Answer, SOURCE, TestServer, client};

pub(super) struct Browser<'a> {
    server: &'a TestServer,
    pub(super) cookies: BTreeMap<String, String>,
    /// The network that it is in, where that matters.
    pub(super) source: Option<String>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(server: &'a TestServer) -> Self {
        Self { server, cookies: BTreeMap::new(), source: None }
    }

    /// A browser in which a person of the estate has signed in.
    pub(super) async fn of(server: &'a TestServer, who: &str) -> Self {
        let mut browser = Self::new(server);
        let page = browser.get("/login").await;
        let answer = browser.sign_in(&page, who).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        browser
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(client().get(format!("{}{path}", self.server.url))).await
    }

    /// Fills in the form of the sign-in page.
    pub(super) async fn sign_in(&mut self, page: &Answer, who: &str) -> Answer {
        let person = self.server.estate.people.iter().find(|person| person.username == who).unwrap();
        self.fill(page, &[("login", &person.username), ("password", &person.password)]).await
    }

    /// Sends the first form of a page, with what is hidden in it and what somebody fills in.
    pub(super) async fn fill(&mut self, page: &Answer, filled: &[(&str, &str)]) -> Answer {
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{}", page.text);
        let action = between(&page.text, "action=\"", "\"").expect("the page has a form");
        let form = between(&page.text, "<form", "</form>").unwrap();
        let hidden = form.split("<input type=\"hidden\" name=\"").skip(1).map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            (name.to_owned(), plain(rest.split_once('"').unwrap().0))
        });
        let typed = filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let fields: BTreeMap<String, String> = hidden.chain(typed).collect();
        self.post(action, &fields).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &BTreeMap<String, String>) -> Answer {
        let request = client().post(format!("{}{path}", self.server.url)).form(fields);
        self.send(request.header("origin", &self.server.url).header("sec-fetch-site", "same-origin")).await
    }

    /// Sends a request with the cookies, and keeps what the answer sets.
    pub(super) async fn send(&mut self, request: RequestBuilder) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) };
        let request = match &self.source {
            Some(source) => request.header(SOURCE, source),
            None => request,
        };
        let answer = Answer::of(request).await;
        for set in answer.headers.get_all(SET_COOKIE) {
            let set = set.to_str().unwrap();
            assert!(set.contains("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{set}");
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{set}");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Follows an answer to the next page of this server, and on as long as that sends the browser on within it.
    pub(super) async fn follow_anywhere(&mut self, answer: &Answer) -> Answer {
        let mut answer = self.follow(answer).await;
        while answer.status == 303 && answer.headers[LOCATION].to_str().unwrap().starts_with('/') {
            answer = self.follow(&answer).await;
        }
        answer
    }

    /// Follows an answer to the next page of this server.
    pub(super) async fn follow(&mut self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 303, "{}", answer.text);
        let to = answer.headers[LOCATION].to_str().unwrap().to_owned();
        assert!(to.starts_with('/'), "{to}");
        self.get(&to).await
    }
}

pub(super) fn between<'t>(text: &'t str, before: &str, behind: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split_once(behind).map(|(found, _)| found)
}

/// The text behind the character references that pages are written with.
pub(super) fn plain(html: &str) -> String {
    ["&#38;", "&#60;", "&#62;", "&#34;", "&#39;"]
        .iter()
        .zip(["&", "<", ">", "\"", "'"])
        .fold(html.to_owned(), |text, (reference, character)| text.replace(reference, character))
}
