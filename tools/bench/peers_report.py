# SPDX-License-Identifier: GPL-2.0-only
"""What was measured, for people: tables, plots, and what must hold."""
import os

from peers_loading import COMPILE
from peers_svg import bars, number

LABS = """\
Other work on the machine makes a packet dearer, never cheaper, and is there for much of the time. So of a forwarded or
dropped packet the first decile (first twentieth to first quartile) of many rounds counts, for all filters alike; of
all else the median (quartiles).
Two labs of one filter may differ by ten nanoseconds a packet for as long as they are there. So the filters that
targets name and empty programs have {labs} labs each with the rules that targets name, and the mean of these counts."""
ABOUT = """\
Every filter is in the router of three network namespaces of its own (left - router - right, joined by veths), all at
the same time; in each round they take turns.
{figures}

Rules accept TCP or UDP from a network to a port or a range; none overlaps another, so their order has no meaning. Of
"2 x N", sgate has N in each of two groups, the others have all in one. Of {flows} flows, each is accepted by a rule
drawn at random: half of a list is walked. A packet from left to right is judged once: by sgate at TC where r1 sends
(r1 is taken for the way to a guest, the packet is the guest's ingress), by sgate at XDP where r0 receives (r0 is taken
for the host's own NIC, the packet is the host's ingress), by the others in the hook "forward". Stateless filters and
sgate with open egress accept everything from right to left; stateful ones accept what answers a connection, and all
flows are answered connections, one entry each, when they are measured."""
FORWARDING = """\
Forwarded: nanoseconds more than with no filter. CPU time for a frame of 54 bytes on one CPU: made, sent, taken from a
veth's queue by NAPI, routed, sent, thrown away. What others do on the machine is not in it, but for shared caches.
* in all"""
DROPPING = """\
Dropped, since no rule accepts them: million packets a second that one CPU receives, from the same CPU. The time to make
them is subtracted, that to put them into the veth's queue is not."""
STREAMS = """\
TCP through the router, 2 x {half:,} rules: client and server on the first and the last CPU. Clock time: noisy on a
machine that has other work. "of no filter": against the runs without one just before and after."""
LOADING = """\
Loading {count:,} rules: whole processes from files of rules until they have ended (sgate: a command for each group, the
interface attached; ipset: ipset and iptables). "compile and publish" is of sgate without process, parsing and store."""


def spread(summary, scale=1):
    return f"{number(summary['figure'] * scale)} ({number(summary['low'] * scale)}..{number(summary['high'] * scale)})"


def find(rows, key, rules):
    return next((row for row in rows if row["filter"] == key and row["rules"] == rules), None)


# --- tables ---

def table(title, heads, rows):
    """Left-aligned names, then right-aligned figures."""
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in [heads, *rows]]
    return "\n".join(["", title, "", *lines])


def by_size(title, document, part, figure):
    """A row a filter, a column a size."""
    rows = document[part]
    sizes = sorted({row["rules"] for row in rows})
    cells = []
    for peer in document["filters"]:
        found = [find(rows, peer["key"], size) for size in sizes]
        if any(found):
            cells.append([peer["title"], *(figure(row) if row else "-" for row in found)])
    return table(title, ["", *(f"2 x {size // 2:,} rules" for size in sizes)], cells)


def titles(document):
    return {peer["key"]: peer["title"] for peer in document["filters"]}


def tables(document):
    name = titles(document)
    name[COMPILE] = "sgate, compile and publish only"
    shown = []
    if document["forwarding"]:
        shown.append(by_size(FORWARDING, document, "forwarding",
                             lambda row: spread(row["ns"] if row["filter"] == "none" else row["addedNs"]) +
                             ("*" if row["filter"] == "none" else "")))
    if document["dropping"]:
        shown.append(by_size(DROPPING, document, "dropping",
                             lambda row: spread(row["receiverPacketsPerSecond"], 1e-6)))
    if document["streams"]:
        shown.append(table(STREAMS.format(half=document["streams"][0]["rules"] // 2),
                           ["", "bulk, Gbit/s", "of no filter", "round trip p50, us", "p99, us"],
                           [[name[row["filter"]], spread(row["gigabitsPerSecond"]), spread(row["share"]),
                             spread(row["roundTripNs"], 1e-3), spread(row["roundTrip99Ns"], 1e-3)]
                            for row in document["streams"]]))
    if document["loading"]:
        shown.append(table(LOADING.format(count=document["loading"][0]["rules"]), ["", "ms", "of them CPU"],
                           [[name[row["filter"]], spread(row["seconds"], 1e3),
                             spread(row["cpuSeconds"], 1e3) if "cpuSeconds" in row else ""]
                            for row in document["loading"]]))
    if document["targets"]:
        shown.append(table("What must hold", ["", "measured", "limit", ""],
                           [[row["text"], f"{number(row['measured'])} x",
                             f"at {'most' if row['isMost'] else 'least'} {row['limit']} x",
                             "met" if row["met"] else "NOT MET"]
                            for row in document["targets"]]))
    return shown


def about_figures(document):
    return LABS.format(labs=document["settings"]["labs"])


def show(document):
    settings = document["settings"]
    print(ABOUT.format(flows=f"{settings['flows']:,}", figures=about_figures(document)))
    machine = document["machine"]
    print(f"\n{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, {document['date']}, "
          f"seed {settings['seed']}")
    for peer in document["filters"]:
        if peer["failure"]:
            print(f"not measured: {peer['title']}: {peer['failure']}")
    for part in tables(document):
        print(part)


# --- plots ---

def plots(document):
    """{name of a file: text}"""
    name = titles(document)
    drawn = {}

    def draw(file, title, unit, rows, figures, **options):
        rows = [(name.get(row["filter"], "sgate, compile and publish"),
                 {series: figure(row) for series, figure in figures.items()}) for row in rows]
        if rows:
            drawn[file] = bars(title, unit, list(figures), rows, **options)

    for size in sorted({row["rules"] for row in document["forwarding"]}):
        draw(f"peers-forward-{size}.svg", f"A forwarded packet, 2 x {size // 2:,} rules: more than with no filter",
             "ns", [row for row in document["forwarding"] if row["rules"] == size and row["filter"] != "none"],
             {"ns": lambda row: {key: max(value, 0) for key, value in row["addedNs"].items()}},
             is_logarithmic=max(row["addedNs"]["figure"] for row in document["forwarding"]
                                if row["rules"] == size) > 10000)
    for size in sorted({row["rules"] for row in document["dropping"]}):
        draw(f"peers-drop-{size}.svg", f"Dropped packets, 2 x {size // 2:,} rules, one CPU", "million/s",
             [row for row in document["dropping"] if row["rules"] == size],
             {"received": lambda row: scaled(row["receiverPacketsPerSecond"], 1e-6)})
    draw("peers-tcp.svg", "TCP in bulk", "Gbit/s", document["streams"],
         {"bulk": lambda row: row["gigabitsPerSecond"]})
    draw("peers-latency.svg", "TCP, one byte there and back", "us", document["streams"],
         {"median": lambda row: scaled(row["roundTripNs"], 1e-3),
          "99th percentile": lambda row: scaled(row["roundTrip99Ns"], 1e-3)}, is_logarithmic=True)
    if document["loading"]:
        draw("peers-load.svg", f"Loading {document['loading'][0]['rules']:,} rules", "ms", document["loading"],
             {"clock": lambda row: scaled(row["seconds"], 1e3)}, is_logarithmic=True)
    return drawn


def scaled(summary, scale):
    return {key: value * scale for key, value in summary.items()}


def write_plots(document, directory):
    os.makedirs(directory, exist_ok=True)
    for file, drawing in plots(document).items():
        with open(os.path.join(directory, file), "w", encoding="utf-8") as out:
            out.write(drawing)


# --- targets ---

def targets(document):
    """What must hold, of what was measured."""
    rows = []

    def add(key, words, measured, limit, is_most):
        met = measured <= limit if is_most else measured >= limit
        rows.append({"key": key, "text": words, "measured": measured, "limit": limit, "unit": "x",
                     "isMost": is_most, "met": met})

    ours, theirs = (find(document["forwarding"], key, 2000) for key in ("sgate-tc", "nft-set-ct"))
    if ours and theirs:
        add("forwarded-packet",
            "forwarded packet, 2 x 1,000 rules, stateful: added cost against nftables' stateful set",
            ours["addedNs"]["figure"] / theirs["addedNs"]["figure"], 0.2, True)
    ours, bare = (find(document["dropping"], key, 2000) for key in ("sgate-xdp", "xdp-drop"))
    if ours and bare:
        add("xdp-drop", "default drop at XDP against bare XDP_DROP, packets a second",
            ours["receiverPacketsPerSecond"]["figure"] / bare["receiverPacketsPerSecond"]["figure"], 0.7, False)
    ours = find(document["streams"], "sgate-tc", 2000)
    if ours:
        add("tcp-bulk", "bulk TCP over veth with TC against no filter", ours["share"]["figure"], 0.97, False)
    ours = find(document["loading"], COMPILE, 20000)
    nft = [row["seconds"]["figure"] for row in document["loading"] if row["filter"].startswith("nft-")]
    if ours and nft:
        add("compile-publish", "compile and publish 20,000 rules against the fastest `nft -f` of the same",
            ours["seconds"]["figure"] / min(nft), 0.2, True)
    return rows
