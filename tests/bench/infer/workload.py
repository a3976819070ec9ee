# SPDX-License-Identifier: BSD-3-Clause
"""Messages of a round: sizes, recipients, what the receiver will say to them. Random, by seed."""
import random

# What a round is about -> how its messages are drawn.
FEATURES = ("plain", "tiny", "rcpts", "badrcpt", "refused", "mixed", "big")

PER_ROUND = {"big": (1, 2, 3), "rcpts": (1, 3, 10, 20)}
PER_ROUND_ELSE = (1, 2, 3, 5, 10, 20, 50, 100)


class Message:
    def __init__(self, sender, recipients, size, refused, rng):
        self.sender, self.recipients, self.size, self.refused = sender, recipients, size, refused
        self.stamp = rng.getrandbits(48)

    def text(self):
        head = (f"From: <{self.sender}>\r\nTo: undisclosed-recipients:;\r\n"
                f"Message-ID: <{self.stamp:x}@bench.example>\r\nSubject: t{self.stamp % 97}\r\n" +
                ("X-Refuse: yes\r\n" if self.refused == "header" else "") + "\r\n")
        rng = random.Random(self.stamp)
        width = rng.choice((40, 72, 76, 76, 200))
        # Lines that need dot-stuffing now and then.
        lines = [("." if rng.random() < 0.02 else "") + "x" * width] * 50
        body = "\r\n".join(lines) + "\r\n"
        left = max(0, self.size - len(head))
        whole = (body * (left // len(body) + 1))[:left]
        return head + whole.replace("\r", "").replace("\n", "\r\n").rstrip("\r\n") + "\r\n"


class Workload:
    def __init__(self, seed, scale=1.0):
        self.rng, self.scale = random.Random(seed), scale

    def size(self, feature):
        return max(150, int(self.scale * self.drawn_size(feature)))

    def drawn_size(self, feature):
        if feature == "tiny":
            return self.rng.randint(150, 400)
        if feature == "big":
            return int(self.rng.choice((2e5, 1e6, 3e6, 1e7)) * self.rng.uniform(0.7, 1.0))
        return int(10 ** self.rng.uniform(2.3, 5.0))

    def recipients(self, feature, domain):
        count = 1
        if feature == "rcpts":
            count = self.rng.choice((1, 2, 5, 20, 50, 100))
        elif feature in ("mixed", "badrcpt"):
            count = self.rng.choice((1, 1, 1, 2, 3, 8))
        those = []
        for _ in range(count):
            local = "".join(self.rng.choice("abcdefghijklmnop") for _ in range(self.rng.randint(1, 24)))
            bad = {"badrcpt": 0.4, "mixed": 0.1, "rcpts": 0.05}.get(feature, 0)
            word = "bad" if self.rng.random() < bad else "slow" if self.rng.random() < 0.02 else "user"
            those.append(f"{word}{local}@{domain}")
        return sorted(set(those))

    def messages(self, sender, receiver, feature):
        count = self.rng.choice(PER_ROUND.get(feature, PER_ROUND_ELSE))
        if sender in ("postfix", "postfix-implicit"):  # one message a connection: a hundred teach no more than ten
            count = min(count, 10)
        for _ in range(count):
            refused = None
            if self.rng.random() < {"refused": 0.5, "mixed": 0.1}.get(feature, 0):
                refused = self.rng.choice(("header", "eod"))
            local = "eod" if refused == "eod" else "news" + "v" * self.rng.choice((0, 3, 10, 40))
            yield Message(f"{local}@{sender}.example", self.recipients(feature, f"{receiver}.example"),
                          self.size(feature), refused, self.rng)
