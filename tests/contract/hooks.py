"""Formats that the contract names and no standard does."""
import ipaddress

import schemathesis
from hypothesis import strategies as st


def network(address_and_length):
    address, length = address_and_length
    return str(ipaddress.ip_network((address, length), strict=False))


schemathesis.openapi.format(
    "network",
    st.one_of(
        st.ip_addresses().map(str),
        st.tuples(st.ip_addresses(v=4).map(int).map(ipaddress.IPv4Address), st.integers(0, 32)).map(network),
        st.tuples(st.ip_addresses(v=6).map(int).map(ipaddress.IPv6Address), st.integers(0, 128)).map(network),
    ),
)

# What a header can carry: UTF-8, of which clients send this part alike.
schemathesis.openapi.format(
    "header-text",
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200),
)
