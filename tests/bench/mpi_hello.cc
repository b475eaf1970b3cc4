// SPDX-License-Identifier: Apache-2.0
// The least an MPI program can do: what bare mpirun needs for it is the floor of a launch.
#include <mpi.h>

int main(int argc, char** argv) {
  if (MPI_Init(&argc, &argv) != MPI_SUCCESS) return 1;
  MPI_Barrier(MPI_COMM_WORLD);
  return MPI_Finalize() == MPI_SUCCESS ? 0 : 1;
}
