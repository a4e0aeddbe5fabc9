import torch

torch.set_num_threads(1)  # as the command does: small batches lose more by sharing than they gain
