"""Words of the demonstration catalogue."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shelf:
    """A category: what is on it, of what it is made, what it costs."""

    slug: str
    name: str
    blurb: str
    things: tuple[str, ...]
    materials: tuple[str, ...]
    makes: str
    low: int
    high: int


SHELVES = (
    Shelf(
        "ceramics",
        "Ceramics",
        "Thrown by hand, fired twice",
        ("mug", "bowl", "vase", "plate", "teapot", "jug"),
        (
            "Stoneware",
            "Speckled",
            "Porcelain",
            "Terracotta",
            "Celadon",
            "Salt-Glazed",
            "Ash-Glazed",
            "Slipware",
        ),
        "thrown on a kick wheel and fired twice; no two are quite alike",
        1400,
        9800,
    ),
    Shelf(
        "lighting",
        "Lighting",
        "For the darker half of the year",
        ("table lamp", "pendant lamp", "candlestick", "lantern", "floor lamp", "wall light"),
        ("Brass", "Oak", "Linen", "Smoked Glass", "Copper", "Paper", "Ash", "Blackened Steel"),
        "wired and tested by hand, with a cloth-covered flex where there is one",
        2400,
        28900,
    ),
    Shelf(
        "textiles",
        "Textiles",
        "Linen, wool and good cotton",
        ("cushion", "throw", "tea towel", "tote bag", "apron", "rug"),
        ("Washed Linen", "Lambswool", "Organic Cotton", "Herringbone", "Indigo", "Waffle", "Felted", "Hemp"),
        "woven in a small mill and sewn in the workshop; machine wash at 30 degrees",
        1200,
        18900,
    ),
    Shelf(
        "stationery",
        "Stationery",
        "Paper with a memory",
        ("notebook", "pencil set", "card set", "calendar", "fountain pen", "folder"),
        (
            "Letterpress",
            "Marbled",
            "Cloth-Bound",
            "Recycled",
            "Risograph",
            "Cotton-Paper",
            "Dotted",
            "Pocket",
        ),
        "printed and bound in small runs on paper that takes ink without bleeding",
        450,
        6900,
    ),
    Shelf(
        "kitchen",
        "Kitchen",
        "Tools that outlive trends",
        ("chopping board", "kitchen knife", "wooden spoon", "frying pan", "salt mill", "storage jar"),
        ("Walnut", "Olive-Wood", "Cherry", "Carbon-Steel", "Beech", "Cast-Iron", "End-Grain", "Maple"),
        "finished with oil and beeswax, made to be used every day and mended when needed",
        900,
        16900,
    ),
    Shelf(
        "bath",
        "Bath & Soap",
        "Cold-pressed and slow",
        ("soap bar", "bath oil", "nail brush", "scented candle", "bath towel", "hand cream"),
        ("Lavender", "Cedar", "Rosemary", "Oat & Honey", "Sea Salt", "Bergamot", "Chamomile", "Fig Leaf"),
        "mixed in small batches from plant oils, without colouring and without palm oil",
        550,
        5900,
    ),
    Shelf(
        "toys",
        "Toys",
        "Played with, then handed on",
        ("wooden car", "stacking rings", "teddy bear", "building blocks", "kite", "spinning top"),
        ("Beech", "Rainbow", "Little", "Nordic", "Heirloom", "Forest", "Harbour", "Sunday"),
        "sanded round and finished with colours that are safe to chew on",
        990,
        7900,
    ),
    Shelf(
        "garden",
        "Garden",
        "From the windowsill to the shed",
        ("plant pot", "watering can", "garden trowel", "bird house", "seed packet", "herb planter"),
        ("Frost-Proof", "Galvanised", "Cedar", "Hand-Forged", "Meadow", "Cottage", "Allotment", "Balcony"),
        "made to stay outside all year; it only gets better looking",
        390,
        8900,
    ),
    Shelf(
        "jewellery",
        "Jewellery",
        "Recycled silver, honest stones",
        ("ring", "earrings", "necklace", "bracelet", "brooch", "wrist watch"),
        ("Silver", "Moonstone", "Hammered", "Gold-Plated", "Opal", "Pebble", "Twisted", "Labradorite"),
        "made from recycled metal at the bench and sent in a small linen pouch",
        2900,
        32900,
    ),
    Shelf(
        "prints",
        "Prints & Books",
        "Walls deserve better",
        ("mountain print", "moon print", "botanical print", "city map", "abstract poster", "photo book"),
        (
            "Risograph",
            "Linocut",
            "Screen-Printed",
            "Cyanotype",
            "Numbered",
            "Woodcut",
            "Midnight",
            "Archival",
        ),
        "printed on heavy cotton paper in a numbered edition; frames are not included",
        1500,
        12900,
    ),
)

NAMES = (
    "Alba",
    "Birk",
    "Calla",
    "Dune",
    "Elm",
    "Fjord",
    "Gale",
    "Hazel",
    "Isle",
    "Juno",
    "Kestrel",
    "Loam",
    "Marlow",
    "Nell",
    "Orla",
    "Pim",
    "Quill",
    "Rook",
    "Sorrel",
    "Tarn",
    "Umber",
    "Vale",
    "Wren",
    "Yarrow",
)

OPENINGS = (
    "A {thing} for people who use things every day.",
    "The {thing} we wanted ourselves and could not find.",
    "Plain at first sight, better with every week.",
    "Our most asked-for {thing}, back after the summer.",
    "Small changes over five years have led to this {thing}.",
    "Made in batches of twelve, so please be patient when it is gone.",
)
CLOSINGS = (
    "It arrives in paper, without any plastic.",
    "If it ever breaks, write to us: we mend what we make.",
    "A good present, even for people who have everything.",
    "Please allow for small differences; they are the point.",
    "Comes with a card that says who made it and when.",
)

SELLERS = (
    ("Ash & Ember Pottery", "Stoneware from a wood-fired kiln", "Görlitz"),
    ("Nordlicht Leuchten", "Lamps for long evenings", "Flensburg"),
    ("Weavers of Vale", "Linen and wool, woven slowly", "Bielefeld"),
    ("Paper Heron", "Notebooks that lie flat", "Leipzig"),
    ("Werkbank Süd", "Boards, spoons and sharp knives", "Freiburg"),
    ("Saltwater Soap Company", "Cold-pressed by the sea", "Stralsund"),
    ("Little Larch", "Wooden toys for rough hands", "Garmisch"),
    ("The Potting Shed", "Everything for a small garden", "Münster"),
    ("Mina Okafor Silver", "Jewellery made at one bench", "Hamburg"),
    ("Druckerei Sieben", "Prints from seven old presses", "Berlin"),
    ("Glimmer & Grain", "Glass, brass and oak", "Vienna"),
    ("Hof Lindenau", "From the farm to the bathroom", "Bregenz"),
)

FIRST = (
    "Ada",
    "Ben",
    "Chiara",
    "David",
    "Elif",
    "Finn",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Klara",
    "Leo",
    "Mira",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Samir",
    "Tilda",
    "Yusuf",
)
LAST = (
    "Adler",
    "Brandt",
    "Conti",
    "Dahl",
    "Ekwueme",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ito",
    "Jansen",
    "Keller",
    "Lindqvist",
)
CITIES = (
    ("10115", "Berlin", "Germany"),
    ("20095", "Hamburg", "Germany"),
    ("1010", "Vienna", "Austria"),
    ("8001", "Zurich", "Switzerland"),
    ("1012", "Amsterdam", "Netherlands"),
    ("69001", "Lyon", "France"),
)
STREETS = ("Lindenstrasse", "Mill Lane", "Hafenweg", "Gartenstrasse", "Rue des Fleurs", "Kirchplatz")

REVIEWS = {
    5: (
        (
            "Even better in the hand",
            "I had looked at the pictures for weeks. It is heavier, warmer and finer than I thought.",
        ),
        (
            "Bought a second one",
            "The first one never reached the cupboard, so I ordered another for my sister.",
        ),
        ("Exactly right", "Well packed, quickly here, and made by somebody who cares. Thank you."),
        ("A joy every morning", "Such a small thing, and it makes the day start well."),
    ),
    4: (
        (
            "Lovely, slightly smaller than expected",
            "Check the measurements. Apart from that it is very well made.",
        ),
        ("Very good", "The colour is a little darker than on my screen, but I like it."),
        ("Would buy again", "Took four days instead of two, and was worth the wait."),
    ),
    3: (
        ("Fine", "Does what it should. For the price I had hoped for a bit more."),
        ("Pretty but delicate", "You have to be careful with it. The seller answered at once, though."),
    ),
    2: (("Not for me", "It looks different from the pictures and I sent it back. The refund came quickly."),),
    1: (("Arrived broken", "It came in pieces. A new one is on its way, so perhaps I shall change this."),),
}
