//! Query parameters: unknown ones and bad values are refused, each by its name.

use crate::web::problem::{Code, Problem};

/// The parameters of one request, those known to the route.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string; every parameter must be `known`, and given once.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.unwrap_or("").as_bytes()).into_owned().collect();
        for (i, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(invalid("Paramètre inconnu."));
            }
            if pairs[..i].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(&format!("Le paramètre {name} est répété.")));
            }
        }
        Ok(Self(pairs))
    }

    /// A parameter read by `read`, when it is there.
    ///
    /// # Errors
    /// 400 when `read` does not accept it.
    pub fn get<T>(&self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| read(value).ok_or_else(|| invalid(&format!("La valeur de {name} est invalide."))))
            .transpose()
    }

    /// `limit`: 1 to 100, 100 when absent.
    ///
    /// # Errors
    /// 400 when it is anything else.
    pub fn limit(&self) -> Result<usize, Problem> {
        self.limit_or(100)
    }

    /// `limit`: 1 to 100, `usual` when absent.
    ///
    /// # Errors
    /// 400 when it is anything else.
    pub fn limit_or(&self, usual: usize) -> Result<usize, Problem> {
        let read = |text: &str| text.parse().ok().filter(|limit| (1..=100).contains(limit));
        Ok(self.get("limit", read)?.unwrap_or(usual))
    }
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::InvalidQuery).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_repeated_and_bad_parameters_are_refused() {
        let read = |query| Query::read(Some(query), &["limit", "statut"]);
        assert!(read("couleur=bleu").is_err());
        assert!(read("limit=1&limit=2").is_err());
        for bad in ["limit=0", "limit=101", "limit=", "limit=-1", "limit=1.5", "limit=dix"] {
            assert!(read(bad).unwrap().limit().is_err(), "{bad}");
        }
        assert_eq!(read("limit=7").unwrap().limit().unwrap(), 7);
        assert_eq!(Query::read(None, &["limit"]).unwrap().limit().unwrap(), 100);
    }
}
