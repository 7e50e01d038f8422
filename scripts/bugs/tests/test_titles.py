# SPDX-License-Identifier: GPL-2.0-only
"""Titles out of what programs say (titles.py). The texts are such programs' own."""
import unittest

import titles


class Title(unittest.TestCase):
    def title(self, text):
        return titles.of_log(text.splitlines(True))

    def test_rule_of_the_core(self):
        line = "mmfuzz: BUG: free list of another type in add_to_free_list: pfn 0x614: list of isolate, in doubt\n"
        self.assertEqual(self.title(line), "free list of another type in add_to_free_list")

    def test_data_race_has_two_functions(self):
        line = "mmfuzz: BUG: data race in pcp_free / drain_pages: 8 bytes\n"
        self.assertEqual(self.title(line), "data race in pcp_free / drain_pages")

    def test_sanitizers(self):
        for summary, title in (
                ("AddressSanitizer: use-after-poison /a/core/mm/pcp.c:12:3 in pcp_free",
                 "AddressSanitizer: use-after-poison in pcp_free"),
                ("ThreadSanitizer: data race /a/core/mm/pcp.c:12:3 in pcp_free",
                 "ThreadSanitizer: data race in pcp_free"),
                ("ThreadSanitizer: data race (/a/build/tsan/bin/mmstress+0x1234) in pcp_free",
                 "ThreadSanitizer: data race in pcp_free"),
                ("ThreadSanitizer: lock-order-inversion (potential deadlock) /a/core/sim/x.c:1:2 in lock",
                 "ThreadSanitizer: lock-order-inversion (potential deadlock) in lock"),
                ("UndefinedBehaviorSanitizer: undefined-behavior /a/core/mm/buddy.c:9:20",
                 "UndefinedBehaviorSanitizer: undefined-behavior at buddy.c:9"),
                ("UndefinedBehaviorSanitizer: undefined-behavior /a/core/mm/buddy.c:9:20 in shift",
                 "UndefinedBehaviorSanitizer: undefined-behavior in shift"),
                ("AddressSanitizer: SEGV /a/core/mm/buddy.c:9:20 in find_buddy (x86)",
                 "AddressSanitizer: SEGV in find_buddy"),
                ("AddressSanitizer: 32 byte(s) leaked in 1 allocation(s).", "LeakSanitizer: memory leak")):
            with self.subTest(summary):
                self.assertEqual(self.title(f"==1==\nSUMMARY: {summary}\n"), title)

    def test_core_goes_before_what_follows_from_it(self):
        text = ("SUMMARY: AddressSanitizer: SEGV /a/x.c:1:2 in f\n"
                "mmfuzz: BUG: rule in func: pfn 0x1\n==3== ERROR: libFuzzer: deadly signal\n")
        self.assertEqual(self.title(text), "rule in func")

    def test_sanitizer_goes_before_mmstress(self):
        text = ('mmstress: found "data race" in scenario x, seed 1\n'
                "SUMMARY: ThreadSanitizer: data race /a/x.c:1:2 in f\n")
        self.assertEqual(self.title(text), "ThreadSanitizer: data race in f")
        self.assertIsNone(self.title('mmstress: found "sanitizer report" in scenario x, seed 1\n'))

    def test_hangs(self):
        self.assertEqual(self.title("==3== ERROR: libFuzzer: timeout after 10 seconds\n"), titles.TIMEOUT)
        self.assertEqual(self.title('mmstress: found "timeout in compact" in scenario x, seed 1\n'), titles.TIMEOUT)

    def test_out_of_memory_and_signals(self):
        self.assertEqual(self.title("==3== ERROR: libFuzzer: out-of-memory (used: 2561Mb; limit: 2560Mb)\n"),
                         "libFuzzer: out-of-memory")
        self.assertEqual(self.title("mmstress: a worker died of signal 11\n"), "killed by signal 11")

    def test_nothing(self):
        self.assertIsNone(self.title("#3 NEW cov: 3\nmmfuzz: planted bug reached\nDone 5 runs in 3 second(s)\n"))

    def test_where_a_finding_begins(self):
        for line in ("mmfuzz: BUG: rule in f: x", "==1==ERROR: AddressSanitizer: SEGV",
                     "WARNING: ThreadSanitizer: data race", "/a/x.c:3:5: runtime error: shift",
                     "==2== ERROR: libFuzzer: timeout"):
            self.assertTrue(titles.FOUND.search(line), line)
        for line in ("mmfuzz: planted bug reached", "INFO: Loaded 1 modules", "[*] ERROR"):
            self.assertFalse(titles.FOUND.search(line), line)


if __name__ == "__main__":
    unittest.main()
