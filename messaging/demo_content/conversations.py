"""The conversations of the demo."""

from messaging.demo_content.messages import (
    DemoConversation,
    DemoMessage,
    as_deleted,
    as_edited,
    as_unread,
    message,
    parse_age,
)
from messaging.demo_content.word_game import REMARKS, WORDS

ALLOTMENT = DemoConversation(
    ("mira", "jonas"),
    (
        message(
            "20d 5h",
            "jonas",
            "The key to the garden gate hangs in the shed again, behind the watering can. The old "
            "one broke off in the lock, so please don't force it.",
            message("20d 4h", "mira", "Thank you! I'll oil the lock on Saturday."),
        ),
        message(
            "12d 2h",
            "mira",
            "Shall we plant a hedge or build a fence along the path?",
            message(
                "12d 1h",
                "jonas",
                "A hedge. A fence needs paint every three years, a hedge only needs somebody who "
                "likes cutting.",
                message(
                    "12d",
                    "mira",
                    "And who is that somebody?",
                    message(
                        "11d 23h",
                        "jonas",
                        "Not me, I cut the last one into the shape of a bathtub.",
                        message(
                            "11d 22h",
                            "mira",
                            "I remember. It held water.",
                            message(
                                "11d 21h",
                                "jonas",
                                "It did! The birds were delighted. So: hedge, and I water, you "
                                "cut?",
                                message("11d 20h", "mira", "Deal. 🌿"),
                            ),
                        ),
                        message("11d 19h", "mira", "Do you still have the shears, by the way?"),
                    ),
                ),
                message(
                    "10d 3h",
                    "mira",
                    "Hornbeam keeps its leaves in winter, see "
                    "https://garden.example.org/hedges/hornbeam?height=150&shade=half#winter",
                ),
            ),
            message(
                "9d 6h", "mira", "The neighbours would like the hedge too, I asked over the gate."
            ),
        ),
        message(
            "6d 7h",
            "jonas",
            "Kurze Frage auf Deutsch, weil mir das englische Wort fehlt: Wie heißt bei euch der "
            "Rasenkantenschneideraufbewahrungsschrankschlüssel?",
            message("6d 6h", "mira", "Wir sagen „der kleine rote“. 😄"),
            message(
                "6d 5h",
                "jonas",
                "Danke, das passt sogar auf das Etikett.\n\nIch hänge ihn neben den anderen.",
            ),
        ),
        as_edited(
            message(
                "3d 4h",
                "mira",
                "I measured the path twice: it is 23 metres, so we need 69 plants at three a "
                "metre. The nursery has them from Thursday, bare-rooted, and delivers for free.",
            ),
            (
                "I measured the path: it is 32 metres, so we need 96 plants. The nursery has them "
                "from Tuesday.",
                "3d 3h",
            ),
            (
                "I measured the path: it is 23 metres, so we need 69 plants. The nursery has them "
                "from Thursday, bare-rooted.",
                "2d 20h",
            ),
        ),
        as_unread(
            message(
                "47m",
                "jonas",
                "Sixty-nine it is. They come on Thursday between eight and ten. Can you be there?",
            )
        ),
        as_unread(message("41m", "jonas", "I can bring coffee and the long ruler.")),
    ),
)

TRANSLATION = DemoConversation(
    ("mira", "layla"),
    (
        message(
            "15d 3h",
            "layla",
            "صباح الخير يا ميرا! أنهيت ترجمة الفصل الأول، وأرسلته إليك بالبريد.",
            message("15d 2h", "mira", "Good morning! That was quick. I'll read it tonight."),
            message(
                "14d 1h",
                "mira",
                "The first page made me laugh out loud on the tram. May I ask about one word?",
                message(
                    "14d",
                    "layla",
                    "طبعاً، اسألي ما شئت.",
                    message(
                        "13d 23h",
                        "mira",
                        "In the third paragraph you wrote «مشوار». Is that a walk, an errand or a "
                        "journey?",
                        message(
                            "13d 22h",
                            "layla",
                            "الثلاثة معاً! تخرجين لشراء الخبز، فتقابلين صديقة، وتعودين في المساء: "
                            "هذا مشوار.",
                            message(
                                "13d 21h",
                                "mira",
                                "Then I know exactly which word I will use: none. I'll describe "
                                "it.",
                            ),
                        ),
                    ),
                ),
            ),
        ),
        as_edited(
            message(
                "5d 8h",
                "layla",
                "موعدنا يوم الأحد في الساعة 10:30 أمام المكتبة (الباب الشرقي)، وليس الباب الكبير.",
            ),
            ("موعدنا يوم الأحد في الساعة 10:00 أمام المكتبة.", "5d 7h"),
        ),
        message("5d 6h", "mira", "10:30 at the east door, شكراً!"),
        as_unread(
            message(
                "2h 10m",
                "layla",
                "وصلت المسودة الثانية: draft-2.pdf فيها 48 صفحة. أخبريني برأيك قبل الجمعة.",
            )
        ),
    ),
)

NIGHT_TRAIN = DemoConversation(
    ("mira", "kenji"),
    (
        message(
            "18d 9h",
            "kenji",
            "写真ありがとう!駅の時計がとてもきれいでした。",
            message("18d 8h", "mira", "It was still an hour slow. Nobody there seems to mind."),
        ),
        message(
            "8d 11h",
            "mira",
            "Which of the two trains would you take?\n\n"
            "22:14, arrives 06:50, one change\n"
            "23:40, arrives 08:05, no change",
            message(
                "8d 10h",
                "kenji",
                "乗り換えなしのほうがいいと思います。夜中に起きたくないから 😴",
                message(
                    "8d 9h",
                    "mira",
                    "Convinced. And breakfast?",
                    message(
                        "8d 8h",
                        "kenji",
                        "駅前の小さな喫茶店。厚いトーストがあります。地図はこちら:"
                        "https://map.example.com/喫茶店",
                    ),
                ),
            ),
            as_deleted(
                message(
                    "8d 7h",
                    "kenji",
                    "Sorry, that was meant for somebody else.",
                    message("8d 6h", "mira", "No harm done, I didn't understand a word of it. 🙂"),
                    message("8d 5h", "kenji", "よかった…"),
                )
            ),
        ),
        message("1d 2h", "kenji", "切符を二枚、買いました。席は窓側です。"),
        as_unread(message("3h 25m", "kenji", "もうすぐですね!🚆✨")),
    ),
)

BOOK = DemoConversation(
    ("mira", "odile"),
    (
        message(
            "16d 1h",
            "odile",
            "J'ai relu le dernier chapitre dans le jardin. La fin est trop sage : personne ne "
            "claque la porte.",
            message(
                "15d 22h",
                "mira",
                "You want a door slammed?",
                message(
                    "15d 20h",
                    "odile",
                    "Une seule. Et après, le silence.",
                    message("15d 18h", "mira", "I'll try it with the garden door. It is heavier."),
                ),
            ),
        ),
        as_edited(
            message(
                "4d 2h",
                "odile",
                "Le titre : « La porte du jardin ». Simple, clair, et personne ne l'a encore pris.",
            ),
            ("Le titre : « La lourde porte du fond du jardin ».", "4d 1h"),
        ),
        message("3d 23h", "mira", "Yes. Yes! Let's keep it."),
    ),
)

REPAIR = DemoConversation(
    ("mira", "tomas"),
    (
        message(
            "10d 5h",
            "tomas",
            "¿Te acuerdas de la bici azul? La he arreglado: cadena nueva, frenos nuevos y un timbre "
            "que se oye hasta en la plaza. 🔔",
            message("10d 4h", "mira", "¡Qué bien! What do I owe you?"),
            message(
                "10d 3h",
                "tomas",
                "Una tortilla.",
                message("10d 2h", "mira", "With or without onion? Think well before you answer."),
                message("10d 1h", "tomas", "Con. Siempre con."),
            ),
        ),
        message(
            "2d 5h",
            "mira",
            "The bell works. A dog, two cyclists and the postman have thanked me.",
        ),
        as_unread(
            message(
                "5h 5m",
                "tomas",
                "El manual está aquí, por si acaso:\n"
                "https://workshop.example.net/manuals/bicycles/bells/installation-and-maintenance/"
                "2019/second-edition/chapter-4/tightening-the-clamp.html",
            )
        ),
    ),
)

FIRST_TURN = (
    "New round! Each word begins with the last letter of the one before, no word twice. "
    "I begin: apple."
)


def _word_game() -> DemoMessage:
    """A long thread: more than one page of direct replies, some of them with a remark."""
    first, last = parse_age("13d 6h"), parse_age("26m")
    step = (first - last) / (len(WORDS) - 1)
    turns = []
    for number, word in enumerate(WORDS[1:], start=1):
        sender = ("mira", "nkechi")[number % 2]
        other = ("nkechi", "mira")[number % 2]
        age = first - step * number
        remarks = tuple(
            DemoMessage(age - step / 4, other, remark) for remark in REMARKS.get(word, ())
        )
        # Mira has not read the last turns yet.
        unread = sender == "nkechi" and number > len(WORDS) - 4
        turns.append(DemoMessage(age, sender, word, remarks, unread=unread))
    return DemoMessage(first, "nkechi", FIRST_TURN, tuple(turns))


GAMES = DemoConversation(
    ("mira", "nkechi"),
    (
        message(
            "17d 2h",
            "nkechi",
            "Who won the last round of the word game? I have it written down as a draw.",
        ),
        message("17d 1h", "mira", "You wrote it down, so you won. A loser forgets."),
        _word_game(),
        message("1d 7h", "mira", "My grandmother plays this with towns only. She has never lost."),
        as_unread(
            message(
                "18m",
                "nkechi",
                "Ask her for a town that begins with X. I'll wait. 🏆",
            )
        ),
    ),
)

NOTES = DemoConversation(
    ("mira", "wren"),
    (
        message("19d 3h", "wren", "k"),
        message("19d 2h", "mira", "Was that an answer, or did you sit on the phone?"),
        message(
            "18d 22h",
            "wren",
            "Sat on it.",
            message("18d 21h", "mira", "👍"),
        ),
        message(
            "7d 3h",
            "wren",
            "Here is the recipe, exactly as I got it:\n\n"
            "1. 300 g flour, 200 ml water, a pinch of salt\n"
            "2. Knead until it stops complaining\n"
            "3. Rest (both of you) for an hour\n"
            "4. Bake at 240 °C until it sounds hollow\n\n"
            "<em>Do not</em> open the oven & do not peek: 2 < 3 peeks > 1 too many.",
            message("7d 1h", "mira", "Mine complained for forty minutes."),
            message("6d 22h", "wren", "Normal."),
        ),
        message(
            "1d 4h",
            "wren",
            "And this is what the cat typed: "
            + "jkl" * 40
            + " (she is rather pleased with herself) 🐈",
        ),
        message("22h", "mira", "A clear style. Tell her to leave a space now and then."),
    ),
)

# Between the other people: a person who signs in as one of them finds messages as well.
RIVER = DemoConversation(
    ("jonas", "odile"),
    (
        message(
            "11d 4h",
            "odile",
            "The river is over the path again. I moved the canoe up to your fence, I hope that's "
            "all right?",
            message(
                "11d 3h", "jonas", "Of course. There will be a hedge instead of the fence soon."
            ),
            message("11d 2h", "odile", "A hedge? Then I'll tie it well."),
        ),
        as_unread(message("6h 40m", "jonas", "The water is going down. Canoe on Sunday?")),
    ),
)

LIBRARY = DemoConversation(
    ("nkechi", "wren"),
    (
        message(
            "9d 5h",
            "wren",
            "Did you return the atlas?",
            message("9d 4h", "nkechi", "Which one?"),
            message("9d 3h", "wren", "The big one. They have written to me about it. Twice."),
            message("9d 2h", "nkechi", "It is under my printer. Give me until Friday."),
        ),
        as_unread(message("4h 15m", "wren", "It is past Friday.")),
    ),
)

CONVERSATIONS = (
    ALLOTMENT,
    TRANSLATION,
    NIGHT_TRAIN,
    BOOK,
    REPAIR,
    GAMES,
    NOTES,
    RIVER,
    LIBRARY,
)
