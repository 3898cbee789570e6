//! The link to the next page, in the forms in which the real API was seen to write it.

/// How the link is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextLink {
    /// In full.
    #[default]
    Absolute,
    /// In full, with the other scheme: behind a proxy that ends TLS, the server takes itself for `http`.
    OtherScheme,
    /// From the root of the host on.
    Relative,
    /// An empty text.
    Empty,
    /// An address that ends in `/#?`: there is no other page.
    Fragment,
    /// In full, on a host of somebody else.
    OtherHost,
}

impl NextLink {
    /// Reads the name that cases give it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "absolute" => Self::Absolute,
            "scheme" => Self::OtherScheme,
            "relative" => Self::Relative,
            "empty" => Self::Empty,
            "fragment" => Self::Fragment,
            "host" => Self::OtherHost,
            _ => return None,
        })
    }

    /// The link to `path` of the server at `base`.
    pub(super) fn write(self, base: &str, path: &str) -> String {
        match self {
            Self::Absolute => format!("{base}{path}"),
            Self::OtherScheme => format!("{}{path}", base.replacen("http://", "https://", 1)),
            Self::Relative => path.to_owned(),
            Self::Empty => String::new(),
            Self::Fragment => format!("{base}/api/utilisateurs/#?"),
            Self::OtherHost => format!("http://portail.example{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_name() {
        let expected = [
            ("absolute", "http://127.0.0.1:9/p?page=2"),
            ("scheme", "https://127.0.0.1:9/p?page=2"),
            ("relative", "/p?page=2"),
            ("empty", ""),
            ("fragment", "http://127.0.0.1:9/api/utilisateurs/#?"),
            ("host", "http://portail.example/p?page=2"),
        ];
        for (name, link) in expected {
            let form = NextLink::parse(name).unwrap();
            assert_eq!(form.write("http://127.0.0.1:9", "/p?page=2"), link, "{name}");
        }
        assert_eq!(NextLink::parse("null"), None);
    }
}
