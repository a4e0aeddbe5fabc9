import os

import torch

if not torch.cuda.is_available():  # without a GPU its kernels are interpreted, which is settled when they are imported
    os.environ["TRITON_INTERPRET"] = "1"

torch.set_num_threads(1)  # as the command does: small batches lose more by sharing than they gain
