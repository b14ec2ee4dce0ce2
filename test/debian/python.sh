# needs: python3 seq echo cat sh
# packages: python3
python3 -c 'print("hello", 2 ** 100, sum(i * i for i in range(1000)), f"{3.14159:.2f}", sorted({"b": 1, "a": 2}))'
seq 1000 | python3 -c 'import sys; print(sum(int(line) for line in sys.stdin))'
python3 -c 'import json, re, collections, hashlib, base64; print(json.dumps({"a": [1, None, "x"]}), re.sub("b+", "B", "abbbc"), collections.Counter("hello").most_common(1), hashlib.sha256(b"x").hexdigest()[:8], base64.b64encode(b"abc"))'
python3 -c 'import os, sys; pid = os.fork(); os._exit(4) if pid == 0 else print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); print(os.listdir("."), os.getcwd() != "/", sys.argv)' x
python3 -c 'import subprocess as s; r = s.run(["sh", "-c", "cat; echo err >&2; exit 3"], input=b"in\n", capture_output=True); print(r.returncode, r.stdout, r.stderr); print(s.check_output("echo a | cat", shell=True)); s.run(["/nope"])' 2>&1
python3 -c 'import mmap, struct, tempfile; f = tempfile.TemporaryFile(); f.write(b"x" * 10000); f.flush(); m = mmap.mmap(f.fileno(), 0); m[0:4] = struct.pack("<I", 7); print(m[:5], len(m), m.find(b"xx"))'
python3 -c 'import pathlib; p = pathlib.Path("d"); p.mkdir(); (p / "f").write_text("text"); print([str(q) for q in p.rglob("*")], (p / "f").stat().st_size); (p / "g").read_text()' 2>&1 | cat
python3 -c 'import time, datetime; a = time.monotonic(); time.sleep(0.01); print(time.monotonic() - a >= 0.01, datetime.datetime.fromtimestamp(0, datetime.timezone.utc))'
python3 -c 'import sys; sys.exit(7)'; echo $?; python3 -c '1/0'; echo $?; python3 nope.py; echo $?; echo 'print(__name__, open(__file__).read())' >p.py; python3 p.py
python3 -c 'import random; random.seed(1); print(sorted(random.random() for _ in range(100000))[0]); import decimal, fractions; print(decimal.Decimal(1) / 7, fractions.Fraction(3, 9)); import zlib, gzip; print(len(zlib.compress(b"a" * 100000)), gzip.decompress(gzip.compress(b"z")))'
