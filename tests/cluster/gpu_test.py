#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workers with GPUs beside one without: who offers what, who gets which job, and which GPU a rank is given.

The GPUs are those of a library that stands in for NVML; on them runs a runner that computes nothing and notes what it is told.
"""
import json
import os
import pathlib
import subprocess
import unittest
import urllib.request

from hosts import LoopbackHosts
from system import BIN, System

FAKES = pathlib.Path(os.environ.get("BASISBENCH_CLUSTER_FAKES", BIN.parent / "tests/cluster/fakes"))
JOB = ["--operators", "matmul", "--shape", "64x64x64", "--min-time", "20ms", "--max-time", "100ms"]


def environment(gpus, visible=None, notes=""):
    """Of a daemon on a node with these GPUs."""
    found = {"LD_LIBRARY_PATH": str(FAKES), "BASISBENCH_FAKE_GPUS": gpus, "BASISBENCH_RUNNER_NOTES": str(notes)}
    return found if visible is None else {**found, "CUDA_VISIBLE_DEVICES": visible}


class GpuTest(unittest.TestCase):

    def gpu_system(self, hosts, gpus, arguments=(), visible=None):
        """The first host has these GPUs, the others have CPUs only."""
        system = System(hosts, slots=2)
        self.notes = system.dir / "notes"
        self.notes.mkdir()
        system.special[hosts.workers[0].name] = (
            ["--device", "cuda", "--runner", FAKES / "stand_in_runner", *arguments], environment(gpus, visible, self.notes))
        return system

    def assigned(self, ranks):
        return [json.loads((self.notes / f"rank-{rank}.json").read_text()) for rank in range(ranks)]

    def refused(self, system, *arguments):
        run = system.cli("submit", *JOB, *arguments, check=False)
        self.assertEqual(run.returncode, 4, run.stdout + run.stderr)
        return run.stderr

    def test_jobs_go_to_workers_of_their_backend_and_ranks_get_their_gpus(self):
        with LoopbackHosts(2) as hosts, self.gpu_system(hosts, "GPU-aa,GPU-bb,GPU-cc", visible="2,GPU-a") as system:
            workers = {worker["name"]: worker for worker in system.get("workers")}
            self.assertEqual((workers["w0"]["backends"], workers["w0"]["gpus"]), (["cuda_nccl", "cuda_mpi"], 2))
            self.assertEqual((workers["w1"]["backends"], workers["w1"]["slots"]), (["cpu_mpi"], 2))
            self.assertEqual(workers["w0"]["gpu_models"], "2 x Fake GPU")

            job = system.submit(*JOB, "--backend", "cuda_nccl", "--ranks", "2")
            ended = system.wait_ended(job)
            self.assertEqual((ended["state"], ended["workers"]), ("JOB_STATE_SUCCEEDED", ["w0"]), ended)
            self.assertEqual({record["case"]["backend"] for record in system.results(job)}, {"cuda_nccl"})
            ranks = self.assigned(2)
            self.assertEqual([rank["gpu"] for rank in ranks], ["GPU-cc", "GPU-aa"], "in the order of CUDA_VISIBLE_DEVICES")
            self.assertEqual([rank["memory_bytes"] for rank in ranks], [str(1 << 30)] * 2)
            self.assertTrue(all(rank["cpus"] for rank in ranks), ranks)

            on_cpus = system.wait_ended(system.submit(*JOB, "--ranks", "2"))
            self.assertEqual((on_cpus["state"], on_cpus["workers"]), ("JOB_STATE_SUCCEEDED", ["w1"]), on_cpus)

            self.assertIn("3 ranks are more than the 2 slots of all attached workers that offer cuda_nccl",
                          self.refused(system, "--backend", "cuda_nccl", "--ranks", "3"))
            self.assertIn("did you mean 'cuda_nccl'?", self.refused(system, "--backend", "cuda_ncl"))

            port = system.workers["w0"].ports["http_port"]
            with urllib.request.urlopen(f"http://{hosts.workers[0].address}:{port}/metrics", timeout=5) as answer:
                metrics = answer.read().decode()
            self.assertIn('basisbench_worker_gpu_info{gpu="2",name="Fake GPU",uuid="GPU-cc"} 1', metrics)
            self.assertNotIn("GPU-bb", metrics, "hidden from the daemon")

            system.workers["w0"].terminate()
            self.assertIn("no attached worker offers cuda_nccl; offered: cpu_mpi", self.refused(system, "--backend", "cuda_nccl"))

    def test_ranks_that_share_a_gpu_have_one_backend(self):
        with LoopbackHosts(1) as hosts, self.gpu_system(hosts, "GPU-aa,MIG-1,MIG-2") as system:
            self.assertEqual(system.get("workers")[0]["backends"], ["cuda_mpi"])
            self.assertIn("no attached worker offers cuda_nccl; offered: cuda_mpi", self.refused(system, "--backend", "cuda_nccl"))
            job = system.submit(*JOB, "--backend", "cuda_mpi", "--ranks", "2")
            self.assertEqual(system.wait_ended(job)["state"], "JOB_STATE_SUCCEEDED", system.job(job))
            self.assertEqual([rank["gpu"] for rank in self.assigned(2)], ["MIG-1", "MIG-2"])

    def test_a_daemon_says_what_it_lacks(self):
        def start(gpus, visible=None, arguments=()):
            return subprocess.run([BIN / "basisbench-worker", "--coordinator", "127.0.0.1:1", "--address", "127.0.0.2", "--device", "cuda",
                                   "--runner", FAKES / "stand_in_runner", *arguments], capture_output=True, text=True, timeout=60,
                                  env={**os.environ, **environment(gpus, visible)})
        none = start("")
        self.assertEqual(none.returncode, 1, none.stderr)
        self.assertIn("--device cuda: this node has no GPU: the driver shows no GPU", none.stderr)
        wrong = start("GPU-aa", "7")
        self.assertEqual(wrong.returncode, 2, wrong.stderr)
        self.assertIn("CUDA_VISIBLE_DEVICES: '7' is no GPU; this node has 0 GPU-aa", wrong.stderr)
        listed = start("GPU-aa", arguments=["--list-gpus"])
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertEqual(json.loads(listed.stdout)["gpus"][0]["uuid"], "GPU-aa")
        doctor = subprocess.run([BIN / "basisbench", "doctor", "-o", "json"], capture_output=True, text=True, timeout=60,
                                env={**os.environ, **environment("GPU-aa,GPU-bb")})
        checks = {check["check"]: check for check in json.loads(doctor.stdout)}
        self.assertEqual((checks["GPUs"]["health"], checks["GPUs"]["found"]), ("ok", "2 x Fake GPU, 1.00 GiB"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
