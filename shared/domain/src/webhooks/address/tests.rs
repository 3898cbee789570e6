use proptest::prelude::*;

use super::*;

#[test]
fn ipv4_networks_are_refused_to_their_very_ends() {
    // Each refused network, then the neighbours that are public.
    for (first, last) in [
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "239.255.255.255"),
        ("240.0.0.0", "255.255.255.255"),
    ] {
        let (first, last): (Ipv4Addr, Ipv4Addr) = (first.parse().unwrap(), last.parse().unwrap());
        assert!(!is_allowed(first.into()) && !is_allowed(last.into()), "{first} {last}");
        if let Some(before) = first.to_bits().checked_sub(1).map(Ipv4Addr::from_bits)
            && first.octets()[0] != 240
        {
            assert!(is_allowed(before.into()), "{before}");
        }
        if let Some(after) = last.to_bits().checked_add(1).map(Ipv4Addr::from_bits)
            && last.octets()[0] != 239
        {
            assert!(is_allowed(after.into()), "{after}");
        }
    }
}

#[test]
fn ipv6_addresses() {
    let check = |text: &str, allowed: bool| assert_eq!(is_allowed(text.parse().unwrap()), allowed, "{text}");
    for public in [
        "2000::",
        "2001:200::",
        "2001:4860:4860::8888",
        "2001:db7:ffff::",
        "2001:db9::",
        "2003::",
        "2606:4700:4700::1111",
        "2a00:1450:4007:80e::200e",
        "3ffe::1",
        "3fff:1000::",
    ] {
        check(public, true);
    }
    for refused in [
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "1fff:ffff::",
        "2001::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:1ff:ffff::",
        "2001:db8::1",
        "2001:db8:ffff::",
        "2002::",
        "2002:808:808::1",
        "3fff::",
        "3fff:fff:ffff::",
        "4000::",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        check(refused, false);
    }
}

#[test]
fn urls_in_production() {
    let check = |text: &str, expected: Result<&str, Refusal>| {
        let checked = check_url(text, Policy::Public);
        assert_eq!(checked.as_ref().map(CheckedUrl::as_str).map_err(|refusal| *refusal), expected, "{text}");
    };
    check("https://example.org/hook", Ok("https://example.org/hook"));
    check("HTTPS://Example.ORG:443/a?b=c", Ok("https://example.org/a?b=c"));
    check("https://example.org:8443/hook", Ok("https://example.org:8443/hook"));
    check("https://mairie-évreux.fr/", Ok("https://xn--mairie-vreux-heb.fr/"));
    check("https://8.8.8.8/hook", Ok("https://8.8.8.8/hook"));
    check("https://[2606:4700:4700::1111]/", Ok("https://[2606:4700:4700::1111]/"));
    check("https://localhost.example.org/", Ok("https://localhost.example.org/"));
    check("https://mylocalhost/", Ok("https://mylocalhost/"));

    for text in [
        "",
        " ",
        "/hook",
        "example.org/hook",
        "https://",
        "https://exa mple.org/",
        "https://[::1/",
        "https://1.2.3.4.5/",
    ] {
        check(text, Err(Refusal::Malformed));
    }
    check(&format!("https://example.org/{}", "a".repeat(2_048)), Err(Refusal::TooLong));
    for text in [
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "data:,x",
        "mailto:a@b.fr",
        "gopher://example.org:443/",
        "http://localhost/",
    ] {
        check(text, Err(Refusal::Scheme));
    }
    for text in
        ["https://example.org:22/", "https://example.org:80/", "https://example.org:8444/", "https://example.org:0/"]
    {
        check(text, Err(Refusal::Port));
    }
    for text in ["https://user:secret@example.org/", "https://user@example.org/", "https://:secret@example.org/"] {
        check(text, Err(Refusal::Credentials));
    }
    check("https://example.org/#part", Err(Refusal::Fragment));
    check("https://example.org/#", Err(Refusal::Fragment));
    for text in [
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://metadata.google.internal./",
        "https://ｌｏｃａｌｈｏｓｔ/",
    ] {
        check(text, Err(Refusal::PrivateName));
    }
    for text in [
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://10.1/",
        "https://0/",
        "https://１２７.0.0.1/",
        "https://127。0。0。1/",
        "https://%31%32%37.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[fd12::1]/",
        "https:\\\\169.254.169.254\\latest",
    ] {
        check(text, Err(Refusal::PrivateAddress));
    }
}

#[test]
fn the_local_stack_accepts_loopback_in_addition() {
    let check = |text: &str, expected: Option<Refusal>| {
        assert_eq!(check_url(text, Policy::LoopbackToo).err(), expected, "{text}");
    };
    for text in [
        "http://127.0.0.1:3000/hook",
        "http://127.1.2.3:1/",
        "http://[::1]:8080/",
        "http://localhost:3000/",
        "https://a.localhost:9/",
        "https://example.org/",
    ] {
        check(text, None);
    }
    check("http://example.org/", Some(Refusal::Scheme));
    check("https://example.org:3000/", Some(Refusal::Port));
    check("https://10.0.0.8/", Some(Refusal::PrivateAddress));
    check("http://10.0.0.8/", Some(Refusal::Scheme));
    check("https://printer.local/", Some(Refusal::PrivateName));
    check("https://[::ffff:127.0.0.1]/", Some(Refusal::PrivateAddress));
    check("http://user@localhost/", Some(Refusal::Credentials));
    check("ftp://localhost/", Some(Refusal::Scheme));

    assert!(Policy::LoopbackToo.allows(Ipv4Addr::LOCALHOST.into()));
    assert!(Policy::LoopbackToo.allows(Ipv6Addr::LOCALHOST.into()));
    assert!(!Policy::LoopbackToo.allows(Ipv4Addr::new(10, 0, 0, 1).into()));
    assert!(!Policy::Public.allows(Ipv4Addr::LOCALHOST.into()));
}

#[test]
fn the_path_of_a_url_is_not_logged() {
    let url = check_url("https://example.org:8443/token/abc?key=def", Policy::Public).unwrap();
    assert_eq!(format!("{url:?}"), "CheckedUrl(https://example.org:8443)");
    assert_eq!(url.to_string(), "https://example.org:8443/token/abc?key=def");
}

proptest! {
    /// An IPv4 address wrapped into IPv6 in any known way is refused, whatever it is.
    #[test]
    fn no_ipv4_hides_in_ipv6(bits in any::<u32>(), tail in any::<u64>()) {
        let embedded = u128::from(bits);
        let wrapped = [
            embedded,
            0xffff_0000_0000 | embedded,
            0xffff_0000_0000_0000 | embedded,
            (0x0064_ff9b << 96) | embedded,
            (0x0064_ff9b_0001 << 80) | embedded,
            (0x2002 << 112) | (embedded << 80) | u128::from(tail),
            (0x2001_0000 << 96) | (embedded << 64) | u128::from(tail),
        ];
        for address in wrapped {
            prop_assert!(!is_allowed(Ipv6Addr::from_bits(address).into()), "{}", Ipv6Addr::from_bits(address));
        }
    }

    /// What the standard library itself knows to be special is refused.
    #[test]
    fn special_addresses_are_refused(v4 in special_v4(), v6 in special_v6()) {
        prop_assert!(
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_documentation()
                || v4.is_broadcast(),
            "not special, nothing is tested: {}", v4
        );
        prop_assert!(!is_allowed(v4.into()), "{}", v4);
        prop_assert!(
            v6.is_loopback() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local()
                || v6.to_ipv4().is_some(),
            "not special, nothing is tested: {}", v6
        );
        prop_assert!(!is_allowed(v6.into()), "{}", v6);
    }

    /// A literal address passes in a URL exactly when a connection to it would be allowed.
    #[test]
    fn a_literal_host_is_judged_as_an_address(bits in any::<u32>(), wide in any::<u128>()) {
        for address in [IpAddr::V4(Ipv4Addr::from_bits(bits)), IpAddr::V6(Ipv6Addr::from_bits(wide))] {
            let host = match address { IpAddr::V4(v4) => v4.to_string(), IpAddr::V6(v6) => format!("[{v6}]") };
            let checked = check_url(&format!("https://{host}/"), Policy::Public);
            prop_assert_eq!(checked.is_ok(), is_allowed(address));
            if let Ok(url) = checked {
                prop_assert_eq!(url.literal_address(), Some(address));
            }
        }
    }

    #[test]
    fn what_passed_once_passes_again(
        host in "[a-zA-Z0-9é]{1,12}(\\.[a-z0-9]{1,8}){0,2}\\.(fr|eu|org)\\.?", port in prop_oneof![Just(""), Just(":443"), Just(":8443")],
        path in "(/\\PC{0,20})?",
    ) {
        let path = path.replace('#', "");
        let url = check_url(&format!("https://{host}{port}{path}"), Policy::Public);
        prop_assert!(url.is_ok(), "refused, nothing is tested: {:?}", url);
        if let Ok(url) = url {
            prop_assert_eq!(check_url(url.as_str(), Policy::Public), Ok(url));
        }
    }
}

/// Addresses in networks the standard library has a name for.
fn special_v4() -> impl Strategy<Value = Ipv4Addr> {
    let networks = [
        v4([10, 0, 0, 0], 8),
        v4([127, 0, 0, 0], 8),
        v4([169, 254, 0, 0], 16),
        v4([172, 16, 0, 0], 12),
        v4([192, 0, 2, 0], 24),
        v4([192, 168, 0, 0], 16),
        v4([198, 51, 100, 0], 24),
        v4([203, 0, 113, 0], 24),
        v4([224, 0, 0, 0], 4),
        v4([255, 255, 255, 255], 32),
    ];
    (prop::sample::select(networks.to_vec()), any::<u32>()).prop_map(|(network, bits)| {
        Ipv4Addr::from_bits(network.network().to_bits() | bits & network.hostmask().to_bits())
    })
}

fn special_v6() -> impl Strategy<Value = Ipv6Addr> {
    let mapped = Ipv6Net::new_assert(Ipv6Addr::from_bits(0xffff_0000_0000), 96);
    let networks =
        [v6([0, 0], 127), v6([0, 0], 96), mapped, v6([0xff00, 0], 8), v6([0xfc00, 0], 7), v6([0xfe80, 0], 10)];
    (prop::sample::select(networks.to_vec()), any::<u128>()).prop_map(|(network, bits)| {
        Ipv6Addr::from_bits(network.network().to_bits() | bits & network.hostmask().to_bits())
    })
}
