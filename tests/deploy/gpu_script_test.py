#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`./dev gpu` with programs of the test's own in place of a GPU, its tools and what is built for it."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("cuda_real_libraries", "basisbench-gpu-conformance", "device_gpu_test", "gpu_bench")
GPU = "GPU 0: Invented (UUID: GPU-0)"
SMI = f"""#!/bin/sh
case "$*" in
  -L) echo '{GPU}' ;;
  *driver_version*) echo 'Invented, 999.1, 700 W, 345 MHz, 1980 MHz, 2619 MHz, Enabled, Enabled' ;;
  *) echo Invented ;;
esac
"""


class GpuScriptTest(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "deploy/dev").mkdir(parents=True)
        for name in ("gpu.sh", "lib.sh"):
            shutil.copy(ROOT / "deploy/dev" / name, self.folder / "deploy/dev" / name)
        self.write("deploy/dev/deps.sh", "#!/bin/sh\n")
        self.write("build/cuda/build.ninja", "")
        self.write("tools/ninja", "#!/bin/sh\necho \"$@\" >>calls\n")
        self.write("tools/nvcc", "#!/bin/sh\necho 'Cuda compilation tools, release 13.0, V13.0.88'\n")
        self.write("tools/nvidia-smi", SMI)
        self.write("tools/compute-sanitizer", "#!/bin/sh\necho \"sanitizer $2\" >>calls\n")
        self.write("tools/mpirun", "#!/bin/sh\necho \"mpirun $2\" >>calls\n")
        for name in PROGRAMS:
            self.write(f"build/cuda/bin/{name}", f"#!/bin/sh\necho {name} >>calls\necho 'output of {name}'\n")

    def write(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run_script(self, *arguments, **environment):
        variables = {"PATH": f"{self.folder}/tools:/usr/bin:/bin", "HOME": "/nonexistent", "CUDA_HOME": "/nonexistent", "NO_COLOR": "1", **environment}
        return subprocess.run(["deploy/dev/gpu.sh", *arguments], cwd=self.folder, env=variables, capture_output=True, text=True, timeout=60)

    def calls(self):
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def test_every_step_runs_and_the_page_says_so(self):
        run = self.run_script("--save", "docs/page.md")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.calls()[0], "-C build/cuda " + " ".join(PROGRAMS))
        self.assertEqual(self.calls()[1:], ["cuda_real_libraries", "basisbench-gpu-conformance", "mpirun 2", "mpirun 3", "mpirun 4",
                                            "sanitizer memcheck", "sanitizer racecheck", "sanitizer synccheck", "gpu_bench"])
        page = (self.folder / "docs/page.md").read_text()
        for words in ("# A GPU: Invented", "999.1", "1980 MHz", "nvcc release 13.0", "output of gpu_bench"):
            self.assertIn(words, page)
        self.assertEqual(page.count("| passed |"), 8)
        self.assertNotIn("failed", page)

    def test_a_step_that_fails_is_named_and_the_others_run(self):
        self.write("build/cuda/bin/cuda_real_libraries", "#!/bin/sh\necho 'GPU and CPU differ'\nexit 1\n")
        self.write("tools/compute-sanitizer", "#!/bin/sh\necho \"sanitizer $2\" >>calls\n[ $2 != racecheck ]\n")
        run = self.run_script()
        self.assertEqual(run.returncode, 1)
        self.assertTrue(run.stderr.rstrip().endswith("failed: libraries racecheck"), run.stderr)
        self.assertIn("GPU and CPU differ", run.stderr)
        self.assertIn("gpu_bench", self.calls())
        self.assertEqual(run.stdout.count("| passed |"), 6)
        self.assertIn("**failed**, see build/gpu/racecheck.log", run.stdout)

    def test_a_benchmark_that_fails_in_part_is_named_and_kept(self):
        self.write("build/cuda/bin/gpu_bench", "#!/bin/sh\necho 'half a table'\nexit 1\n")
        run = self.run_script()
        self.assertEqual(run.returncode, 1)
        self.assertIn("failed: benchmark", run.stderr)
        self.assertIn("half a table", run.stdout)

    def test_quick_does_less(self):
        self.assertEqual(self.run_script("--quick").returncode, 0)
        self.assertEqual(self.calls()[3:], ["mpirun 2", "sanitizer memcheck", "gpu_bench"])

    def test_ranks_beyond_the_gpus_to_see_share_them(self):
        self.write("tools/nvidia-smi", SMI.replace(f"'{GPU}'", f"'{GPU}'; echo '{GPU}'; echo '{GPU}'"))
        shared = "ranks that share GPUs, through host memory"
        page = self.run_script().stdout
        self.assertIn("3 ranks of NCCL", page)
        self.assertIn(f"4 {shared}", page)
        self.assertIn(f"3 {shared}", self.run_script(CUDA_VISIBLE_DEVICES="0,2").stdout)

    def test_what_is_missing_is_named(self):
        (self.folder / "tools/nvcc").unlink()
        self.write("tools/nvidia-smi", "#!/bin/sh\nexit 9\n")
        run = self.run_script()
        self.assertEqual(run.returncode, 3)
        self.assertIn("missing: the driver (nvidia-smi does not run), the toolkit (no nvcc in PATH or CUDA_HOME)", run.stderr)
        self.write("tools/nvidia-smi", "#!/bin/sh\necho 'No devices found.'\n")
        self.assertIn("missing: a GPU (nvidia-smi -L lists none)", self.run_script().stderr)
        self.write("tools/nvidia-smi", SMI)
        self.assertIn("CUDA_VISIBLE_DEVICES is empty", self.run_script(CUDA_VISIBLE_DEVICES="").stderr)
        self.assertEqual(self.calls(), [], "nothing is built for nothing")

    def test_it_builds_what_it_runs(self):
        lists = "".join((ROOT / path).read_text() for path in ("tests/cuda.cmake", "tests/conformance/CMakeLists.txt", "tests/bench/CMakeLists.txt"))
        for name in PROGRAMS:
            self.assertIn(name, lists)


if __name__ == "__main__":
    unittest.main(verbosity=2)
