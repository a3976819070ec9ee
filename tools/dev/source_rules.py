# SPDX-License-Identifier: BSD-3-Clause
"""The rules the project sets its own source, for check-source. Each takes a Tree and yields (file, line, what)."""
import ast
import os
import re
import shutil
import subprocess

STAGES = ("parse", "flow", "dialogue", "track", "identify", "decide", "admit", "pace", "refuse", "cut")

# What all stages work on: the record of a connection, and where its two sides are. Their headers are nouns;
# what they can do with the table of flows is for the frame alone (see stage_calls).
NOUNS = ("flow.h", "dialogue.h")

# The frame calls the stages in order.
FRAME = ("pipeline", "connect")

# Users of the table's writing half, see apply.h.
WRITERS = ("apply.c", "table_write.c", "main.c")

FUNCTION_MOST, FILE_MOST, COLUMN_MOST = 60, 500, 120

LOGS = r"log_(?:init|line|error|warning|info|debug)|printf|fprintf|puts|fputs|putchar|perror|syslog"
ALLOCATES = (r"malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|strdup|strndup|v?asprintf|free|"
             r"rte_(?:z?malloc|calloc|realloc)(?:_socket)?|rte_free|rte_memzone_\w+|rte_mempool_create\w*|mmap|munmap")
SYSTEM = (r"open|openat|close|read|write|pread|pwrite|send|sendto|sendmsg|recv|recvfrom|recvmsg|socket|connect|accept|"
          r"ioctl|fcntl|poll|ppoll|epoll_\w+|select|usleep|nanosleep|sleep|sched_yield|clock_gettime|gettimeofday|"
          r"time|getrandom|pthread_\w+|fopen|fclose|fread|fwrite|getenv|syscall|abort|exit")
SYSTEM_HEADERS = r"sys/|unistd\.h|fcntl\.h|poll\.h|pthread\.h|stdio\.h|stdlib\.h|time\.h|sched\.h|signal\.h|log\.h"


class File:
    def __init__(self, root, path):
        self.path = path
        self.folder, self.name = os.path.split(path)
        self.stem, self.ext = os.path.splitext(self.name)
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            self.text = file.read()
        self.lines = self.text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.kind = self.kind_of()

    def kind_of(self):
        if self.ext in (".c", ".h", ".def"):
            return "c"
        first = self.lines[0] if self.lines else ""
        if self.ext == ".py" or re.match(r"#!.*\bpython", first):
            return "python"
        return "shell" if self.ext == ".sh" or re.match(r"#!.*\b(?:ba|da)?sh\b", first) else None

    def code(self):
        """Lines of C without comments and texts; their numbers stay."""
        def blank(match):
            return "\n" * match.group().count("\n") + ("\"\"" if match.group()[0] == "\"" else " ")
        pattern = r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'"
        bare = re.sub(r"^[ \t]*#[ \t]*include.*$", "", self.text, flags=re.M)
        return list(enumerate(re.sub(pattern, blank, bare, flags=re.S).split("\n"), 1))

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            found = re.match(r"\s*#\s*include\s*([\"<])([^\">]+)", line)
            if found:
                yield number, found.group(2), found.group(1) == "\""


class Tree:
    def __init__(self, root):
        self.root, self.files = root, []
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f == ".ci" or f[0] != "." and f not in ("build", "__pycache__")
                                and not f.startswith("build-"))
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if not os.path.islink(os.path.join(root, path)):
                    file = File(root, path)
                    if file.kind:
                        self.files.append(file)
        self.tags = None

    def of(self, *kinds):
        return [file for file in self.files if file.kind in kinds]

    def within(self, *folders):
        return [file for file in self.of("c") if file.folder in folders]

    def under(self, *folders):
        return [file for file in self.of("c") if any(file.path.startswith(folder + "/") for folder in folders)]

    def stages(self):
        return [file for file in self.within("dataplane") if file.stem in STAGES]

    def functions(self):
        """Of C: (file, first line, last line, name), by ctags."""
        if self.tags is None:
            paths = [file.path for file in self.of("c") if file.ext != ".def"]
            command = ["ctags", "--options=NONE", "--sort=no", "--fields=+ne", "--kinds-C=f", "--language-force=C",
                       "-f", "-", *paths]
            done = subprocess.run(command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  check=True)
            self.tags = []
            for line in done.stdout.splitlines():
                name, path, *_ = line.split("\t")
                first, last = re.search(r"\tline:(\d+)", line), re.search(r"\tend:(\d+)", line)
                if first and last:
                    self.tags.append((path, int(first.group(1)), int(last.group(1)), name))
        return self.tags


def calls(file, pattern):
    """Where C code calls a function of that name; declarations do not count as long as a type stands before."""
    for number, line in file.code():
        for found in re.finditer(rf"(?<![\w.>])(?<!->)({pattern})\s*\(", line):
            before = line[:found.start()].rstrip()
            if not re.search(r"[\w*]$", before) or re.search(r"\b(?:return|else|do|case)$", before):
                yield number, found.group(1)


def stage_includes(tree):
    """A stage includes no other stage; and no header but the frame's own brings one in."""
    headers = {stage + ".h" for stage in STAGES}
    for file in tree.within("dataplane"):
        shared = file.ext == ".h" and file.stem not in FRAME
        for number, name, ours in file.includes():
            if not ours or name not in headers or name in NOUNS or name == file.stem + ".h":
                continue
            if file.stem in STAGES:
                yield file.path, number, f"stage {file.stem} includes stage {name[:-2]}"
            elif shared:
                yield file.path, number, f"a shared header includes stage {name[:-2]}"


def stage_calls(tree):
    """The table of flows is the frame's: no stage finds, makes or removes a record."""
    header = next((file for file in tree.within("dataplane") if file.name == "flow.h"), None)
    names = re.findall(r"^(?!static inline)[a-z].*?\b(flow_\w+)\(", header.text, re.M) if header else []
    for file in tree.stages():
        if file.stem == "flow" or not names:
            continue
        for number, name in calls(file, "|".join(names)):
            yield file.path, number, f"stage {file.stem} calls {name}() of stage flow"


def one_rcu(tree):
    """Only dataplane/rcu.h names liburcu."""
    for file in tree.of("c"):
        if file.path == "dataplane/rcu.h":
            continue
        for number, name, _ in file.includes():
            if "urcu" in name:
                yield file.path, number, f"includes {name}: only dataplane/rcu.h names liburcu"
        for number, line in file.code():
            if re.search(r"urcu|\brcu_(?:dereference|assign_pointer|xchg_pointer|read_lock|read_unlock)\b", line):
                yield file.path, number, "names liburcu: only dataplane/rcu.h does"


def few_writers(tree):
    """Only a few include table_write.h."""
    for file in tree.under("dataplane", "control", "tools/ctl"):
        for number, name, ours in file.includes():
            if ours and name == "table_write.h" and not (file.folder == "dataplane" and file.name in WRITERS):
                yield file.path, number, f"includes table_write.h: only {', '.join(WRITERS)} do"


def quiet_stages(tree):
    """Stages do not log, allocate or call the system; memory is taken in NAME_create() and given in NAME_destroy()."""
    for file in tree.stages():
        for number, name, _ in file.includes():
            if re.match(SYSTEM_HEADERS, name):
                yield file.path, number, f"a stage includes {name}"
        made = [range(first, last + 1) for path, first, last, name in tree.functions()
                if path == file.path and re.search(r"_(?:create|destroy)$", name)]
        for pattern, what in ((LOGS, "logs"), (ALLOCATES, "allocates"), (SYSTEM, "calls the system")):
            for number, name in calls(file, pattern):
                if not (what == "allocates" and any(number in lines for lines in made)):
                    yield file.path, number, f"a stage {what}: {name}()"


def two_halves(tree):
    """Gate, daemon and client share include/ and the base library, nothing else."""
    programs = ("dataplane", "control", "tools/ctl")
    places = (*programs, "include")
    have = {place: {os.path.relpath(file.path, place) for file in tree.under(place)} for place in places}
    for place in have:
        for file in tree.under(place):
            for number, name, ours in file.includes():
                if not ours or name in have[place] or name in have["include"]:
                    continue
                theirs = [other for other in programs if other != place and
                          os.path.basename(name) in {os.path.basename(header) for header in have[other]}]
                if theirs:
                    yield file.path, number, f"includes {name} of {theirs[0]}/"
                elif "/" in name:
                    yield file.path, number, f"includes {name}: headers are named from their program's folder on"


def shell_functions(file):
    first = name = None
    for number, line in enumerate(file.lines, 1):
        head = re.match(r"(?:function\s+)?(\w+)\s*\(\)\s*\{\s*$", line)
        if head:
            first, name = number, head.group(1)
        elif line.startswith("}") and first:
            yield first, number, name
            first = None


def short_functions(tree):
    """Functions have at most 60 lines."""
    found = list(tree.functions())
    for file in tree.of("shell"):
        found += [(file.path, *function) for function in shell_functions(file)]
    for file in tree.of("python"):
        for node in ast.walk(ast.parse(file.text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.append((file.path, node.lineno, node.end_lineno, node.name))
    for path, first, last, name in found:
        if last - first + 1 > FUNCTION_MOST:
            yield path, first, f"{name}() has {last - first + 1} lines, at most {FUNCTION_MOST}"


def short_files(tree):
    """Files have at most 500 lines."""
    for file in tree.files:
        if len(file.lines) > FILE_MOST:
            yield file.path, FILE_MOST + 1, f"{len(file.lines)} lines, at most {FILE_MOST}"


def narrow_lines(tree):
    """Lines have at most 120 columns, a tab counting to the next multiple of eight."""
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            width = len(line.expandtabs(8))
            if width > COLUMN_MOST:
                yield file.path, number, f"{width} columns, at most {COLUMN_MOST}"


def licensed(tree):
    """The first line, or the one after #!, is the SPDX line."""
    for file in tree.files:
        if not any("SPDX-License-Identifier: BSD-3-Clause" in line for line in file.lines[:2]):
            yield file.path, 1, "no SPDX-License-Identifier: BSD-3-Clause"


def formatted(tree):
    """C is as clang-format has it; tables (.def) are free."""
    if shutil.which("clang-format") is None:
        yield "tools/dev/check-source", 1, "clang-format is missing: tools/setup installs it"
        return
    paths = [file.path for file in tree.of("c") if file.ext != ".def"]
    command = ["clang-format", "--style=file", "--dry-run", "-Werror", *paths]
    done = subprocess.run(command, cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = set()
    for path, number in re.findall(r"^(.+?):(\d+):\d+: (?:error|warning):", done.stderr, re.M):
        if (path, number) not in seen:
            seen.add((path, number))
            yield path, int(number), "not as clang-format has it"
    if done.returncode != 0 and not seen:
        yield "tools/dev/check-source", 1, f"clang-format: {done.stderr.strip()[:200]}"


def nothing_left(tree):
    """No notes of work not done."""
    words = "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"))
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            found = re.search(rf"\b({words})\b", line)
            if found:
                yield file.path, number, f"{found.group(1)}: do it, or say in plain words what is so"


RULES = (stage_includes, stage_calls, one_rcu, few_writers, quiet_stages, two_halves, short_functions, short_files,
         narrow_lines, licensed, formatted, nothing_left)
