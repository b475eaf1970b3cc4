// SPDX-License-Identifier: Apache-2.0
// The families of each file of this folder, as rows of the catalogue.
#pragma once

#include <vector>

#include "workers/expressiveness/catalogue_entry.h"

namespace basisbench {

std::vector<CatalogueEntry> DenseFamilies();           // matmul, mlp_mixer, strassen
std::vector<CatalogueEntry> EinsumFamilies();          // lowrank, kron, monarch, btt, einsum
std::vector<CatalogueEntry> MaskFamilies();            // blockdiag, gate, sparse24, ksparse
std::vector<CatalogueEntry> HierarchicalFamilies();    // butterfly, block_butterfly, monarch_p
std::vector<CatalogueEntry> ShiftInvariantFamilies();  // circulant, toeplitz, polymul, convolutions
std::vector<CatalogueEntry> AlgebraFamilies();         // tproduct, group_conv
std::vector<CatalogueEntry> TransformFamilies();       // fixed transforms: one matrix and a scale
std::vector<CatalogueEntry> DiagonalFamilies();        // dwhtd, acdc, fastfood
std::vector<CatalogueEntry> DisplacementFamilies();    // ldr
std::vector<CatalogueEntry> PixelflyFamilies();        // pixelfly
std::vector<CatalogueEntry> KaleidoscopeFamilies();    // kaleidoscope
std::vector<CatalogueEntry> BilinearFamilies();        // stl

}  // namespace basisbench
