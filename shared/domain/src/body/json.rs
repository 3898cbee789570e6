//! The deserializer: JSON text in, a value and the faults found on the way out.
//!
//! It differs from `serde_json`'s in what a contract asks for: objects are objects (a derived struct would also take a
//! list), every property is known and stands once, a fault has its pointer and a French sentence, and a wrong value
//! does not end the reading. Each level is read from its own text, so that a number keeps the digits it was written
//! with.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::error::{Kind, MISSING, Refusal};
use super::members::{FIELD, REQUIRED};
use super::values::RAW;
use super::{Fault, Faults, Parsed};

/// The deepest nesting accepted.
const MAX_DEPTH: usize = 32;
const NO_JSON: &str = "ce n'est pas du JSON";

/// Reads `json` as a `T`; pointers start with `base`.
///
/// # Errors
/// The first fault of shape.
pub fn parse<T: DeserializeOwned>(json: &[u8], base: &str) -> Result<Parsed<T>, Fault> {
    if depth(json) > MAX_DEPTH {
        return Err(Fault::new(base, "imbrication trop profonde : 32 niveaux au plus"));
    }
    let text: &RawValue = serde_json::from_slice(json).map_err(|_| Fault::new(base, NO_JSON))?;
    let faults = RefCell::new(Faults::new(base));
    let root = Node { source: Some(text), pointer: base.to_owned(), faults: &faults };
    match T::deserialize(root) {
        Ok(body) => Ok(Parsed { body, faults: faults.into_inner() }),
        Err(refusal) => Err(Fault::new(refusal.pointer.unwrap_or_default(), refusal.detail)),
    }
}

/// The members of a JSON object, in the order they are written, each as its text; none of anything else.
pub(crate) fn members_of(json: &str) -> Vec<(String, String)> {
    let members = serde_json::from_str(json).map_or_else(|_| Vec::new(), |Members(members)| members);
    members.into_iter().map(|(name, text)| (name.into_owned(), text.get().to_owned())).collect()
}

/// How deep the brackets nest, strings apart. Counted before parsing, so that nothing recurses on hostile input.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A place of the body: the text that stands there, if any.
struct Node<'de, 'f> {
    source: Option<&'de RawValue>,
    pointer: String,
    faults: &'f RefCell<Faults>,
}

impl<'de, 'f> Node<'de, 'f> {
    /// The text of what must be there.
    fn text(&self) -> Result<&'de str, Refusal> {
        let source = self.source.ok_or_else(|| Refusal::value(MISSING).at(&self.pointer))?;
        Ok(source.get())
    }

    fn is_null(&self) -> bool {
        self.source.is_some_and(|source| source.get() == "null")
    }

    /// What stands there as a `T` of `serde_json`, if its text begins as one does.
    fn read<T: Deserialize<'de>>(&self, expected: &str, begins: impl Fn(u8) -> bool) -> Result<T, Refusal> {
        let text = self.text()?;
        if !text.bytes().next().is_some_and(begins) {
            return Err(Refusal::shape(expected).at(&self.pointer));
        }
        serde_json::from_str(text).map_err(|_| Refusal::shape(NO_JSON).at(&self.pointer))
    }

    fn string(&self) -> Result<String, Refusal> {
        self.read("un texte est attendu", |first| first == b'"')
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let text = self.read::<&RawValue>("un nombre est attendu", starts_number)?.get();
        let visited = match (text.parse::<u64>(), text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _, _) => visitor.visit_u64(number),
            (_, Ok(number), _) => visitor.visit_i64(number),
            // 7.0 and 7e0 are written by languages that know doubles only.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within bounds")]
            (_, _, Ok(number)) if number.fract() == 0.0 && (0.0..=1e15).contains(&number) => {
                visitor.visit_u64(number as u64)
            }
            _ => Err(Refusal::value("un nombre entier est attendu, dans les limites permises")),
        };
        visited.map_err(|refusal: Refusal| refusal.at(&self.pointer))
    }

    fn child(&self, token: &str, source: Option<&'de RawValue>) -> Node<'de, 'f> {
        Node { source, pointer: format!("{}/{token}", self.pointer), faults: self.faults }
    }

    /// Visits the members of an object, `fields` first in mind: any other is refused, and one that is not there is
    /// visited as absent.
    fn object<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Refusal> {
        let Members(given) = self.read("un objet JSON est attendu", |first| first == b'{')?;
        let mut seen = HashSet::with_capacity(given.len());
        let mut members = Vec::with_capacity(fields.len());
        for (name, source) in &given {
            let member = self.child(&name.replace('~', "~0").replace('/', "~1"), Some(source));
            if !fields.contains(&name.as_ref()) {
                return Err(Refusal::shape("propriété inconnue ou non modifiable").at(&member.pointer));
            }
            if !seen.insert(name.as_ref()) {
                return Err(Refusal::shape("propriété répétée").at(&member.pointer));
            }
            members.push((name.as_ref(), member));
        }
        let absent = fields.iter().filter(|field| !seen.contains(**field));
        members.extend(absent.map(|field| (*field, self.child(field, None))));
        let members = MemberAccess { members: members.into_iter(), value: None };
        visitor.visit_map(members).map_err(|refusal| refusal.at(&self.pointer))
    }
}

const fn starts_number(first: u8) -> bool {
    first == b'-' || first.is_ascii_digit()
}

macro_rules! integers {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            self.integer(visitor)
        }
    )+};
}

macro_rules! strings {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            let text = self.string()?;
            visitor.visit_string(text).map_err(|refusal: Refusal| refusal.at(&self.pointer))
        }
    )+};
}

macro_rules! unused {
    ($($method:ident ($($argument:ident: $type:ty),*))+) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Refusal> {
            $(let _ = $argument;)*
            self.deserialize_any(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = Refusal;

    integers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    strings! { deserialize_char deserialize_str deserialize_string }

    unused! { deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_identifier()
    deserialize_ignored_any() deserialize_map() deserialize_unit_struct(name: &'static str)
    deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize) }

    /// Whatever it is, as `serde_json` reads it.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let mut json = serde_json::Deserializer::from_str(self.text()?);
        json.deserialize_any(visitor).map_err(|_| Refusal::shape("forme inattendue").at(&self.pointer))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let flag = self.read("un booléen est attendu", |first| matches!(first, b't' | b'f'))?;
        visitor.visit_bool(flag).map_err(|refusal: Refusal| refusal.at(&self.pointer))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let text = self.read::<&RawValue>("un nombre est attendu", starts_number)?.get();
        // What no double can hold reads as infinite: a value to be refused, not a fault of the JSON.
        let number = text.parse().map_err(|_| Refusal::shape(NO_JSON).at(&self.pointer))?;
        visitor.visit_f64(number).map_err(|refusal: Refusal| refusal.at(&self.pointer))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.source.is_none() || self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        match name {
            RAW => visitor.visit_str(self.text()?),
            FIELD if self.source.is_none() => visitor.visit_unit(),
            FIELD if self.is_null() => visitor.visit_none(),
            REQUIRED if self.source.is_none() || self.is_null() => {
                self.faults.borrow_mut().found.push(Fault::new(self.pointer, MISSING));
                visitor.visit_seq(Checked(None))
            }
            FIELD | REQUIRED => visitor.visit_seq(Checked(Some(self))),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let items: Vec<&RawValue> = self.read("une liste est attendue", |first| first == b'[')?;
        let items = ItemAccess { list: &self, items: items.into_iter().enumerate() };
        visitor.visit_seq(items).map_err(|refusal| refusal.at(&self.pointer))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.object(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let name: StringDeserializer<Refusal> = self.string()?.into_deserializer();
        visitor.visit_enum(name).map_err(|refusal| refusal.at(&self.pointer))
    }
}

/// The members of an object as they stand, repeated ones included.
struct Members<'de>(Vec<(Cow<'de, str>, &'de RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("un objet JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    members.push(entry);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MemberAccess<'n, 'de, 'f> {
    members: std::vec::IntoIter<(&'n str, Node<'de, 'f>)>,
    value: Option<Node<'de, 'f>>,
}

impl<'de> MapAccess<'de> for MemberAccess<'_, 'de, '_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some((name, node)) = self.members.next() else { return Ok(None) };
        self.value = Some(node);
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let node = self.value.take().ok_or_else(|| Refusal::shape(NO_JSON))?;
        seed.deserialize(node)
    }
}

struct ItemAccess<'n, 'de, 'f> {
    list: &'n Node<'de, 'f>,
    items: std::iter::Enumerate<std::vec::IntoIter<&'de RawValue>>,
}

impl<'de> SeqAccess<'de> for ItemAccess<'_, 'de, '_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        let Some((rank, item)) = self.items.next() else { return Ok(None) };
        seed.deserialize(self.list.child(&rank.to_string(), Some(item))).map(Some)
    }
}

/// The one value of a member; none when it is refused, which is noted here.
struct Checked<'de, 'f>(Option<Node<'de, 'f>>);

impl<'de> SeqAccess<'de> for Checked<'de, '_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        let Some(node) = self.0.take() else { return Ok(None) };
        let (faults, pointer) = (node.faults, node.pointer.clone());
        match seed.deserialize(node) {
            Ok(value) => Ok(Some(value)),
            Err(refusal) if refusal.kind == Kind::Shape => Err(refusal.at(&pointer)),
            Err(refusal) => {
                faults.borrow_mut().found.push(Fault::new(refusal.pointer.unwrap_or(pointer), refusal.detail));
                Ok(None)
            }
        }
    }
}
