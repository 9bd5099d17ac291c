"""PyTorch + PEFT as the peer of the training benchmark: LoRA on prepared rows, one JSON line a step.

pip install torch transformers peft safetensors; apt install libjemalloc2
docent models export --base BASE
python bench/training/peft_worker.py ROWS.jsonl --base BASE --init models/reader --dtype bf16 --steps 20 --out ADAPTER

A row is a line {"ids", "positions", "segments", "labels", "weights"}, all of one length. Segment 0 is the context, n is
branch n: token j is visible to i when j <= i and j is of the context or of i's own branch. labels[i] is ids[i] where
token i has a loss, -100 elsewhere (predicted from token i - 1); weights[i] is its share: a step's loss is the sum of
weight * cross-entropy over its rows. Rows are taken in the order of the file, again from the start when it ends.

Tuned as far as was found (docs/log.md): jemalloc preloaded and lengths padded to 64 (else page faults take up to half
the time), logits at loss positions only, the faster of two attentions, adapters in float32 under autocast.
"""
import argparse, ctypes.util, json, math, os, resource, sys, time

p = argparse.ArgumentParser()
p.add_argument("rows")
p.add_argument("--base", required=True)
p.add_argument("--init", help="adapter folder to start from; without it a new one of rank 16, alpha 32")
p.add_argument("--out", help="where the adapter is saved at the end")
p.add_argument("--save-every", type=int, default=0, help="steps between two adapters, saved as OUT/step-N")
p.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
p.add_argument("--rows-per-step", type=int, default=8)
p.add_argument("--micro-rows", type=int, default=1, help="rows that are computed at once")
p.add_argument("--steps", type=int, default=20)
p.add_argument("--lr", type=float, default=1e-3)
p.add_argument("--schedule", choices=["constant", "cosine"], default="constant")
p.add_argument("--warmup", type=float, default=0.0, help="share of all tokens over which the rate grows")
p.add_argument("--floor", type=float, default=0.05, help="last rate of the cosine, as a share of the highest")
p.add_argument("--threads", type=int, default=2)
p.add_argument("--attention", choices=["sdpa", "eager"], help="default: the faster one, sdpa in fp32, eager in bf16")
p.add_argument("--compile", action="store_true", help="layers through TorchInductor; needs a C++ compiler")
p.add_argument("--seed", type=int, default=1)
a = p.parse_args()

if "jemalloc" not in os.environ.get("LD_PRELOAD", "") and not os.environ.get("PEER_PLAIN_MALLOC"):
    library = ctypes.util.find_library("jemalloc")
    if library:
        os.environ.update(LD_PRELOAD=library, OMP_NUM_THREADS=str(a.threads))
        os.execv(sys.executable, [sys.executable, *sys.argv])
    print("jemalloc is not installed: the peer is slower than it could be", file=sys.stderr)

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # saving would look for the base's config there
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

torch.manual_seed(a.seed)
torch.set_num_threads(a.threads)
torch.set_flush_denormal(True)
dtype = torch.bfloat16 if a.dtype == "bf16" else torch.float32
ATTENTION = {"fp32": "sdpa", "bf16": "eager"}
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = AutoModelForCausalLM.from_pretrained(a.base, dtype=dtype, attn_implementation=a.attention or ATTENTION[a.dtype])
if a.init:
    model = PeftModel.from_pretrained(model, a.init, is_trainable=True)
else:
    model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS))
parameters = [x for x in model.parameters() if x.requires_grad]
for x in parameters:
    x.data = x.data.float()
body, head = model.base_model.model.model, model.base_model.model.lm_head
if a.compile:
    for layer in body.layers:  # one by one: the same code for all thirty, compiled once a length
        layer.compile(dynamic=False)
optimizer = torch.optim.AdamW(parameters, lr=a.lr, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.0, fused=True)

rows = [json.loads(line) for line in open(a.rows)]
step_rows = [[rows[(s * a.rows_per_step + i) % len(rows)] for i in range(a.rows_per_step)] for s in range(a.steps)]
tokens_of = [sum(len(row["ids"]) for row in group) for group in step_rows]
PAD = 64


def batch(group):
    """Tensors of some rows, padded to a common multiple of 64; padding sees itself only."""
    n, length = len(group), -(-max(len(row["ids"]) for row in group) // PAD) * PAD
    ids, positions = torch.zeros(n, length, dtype=torch.long), torch.zeros(n, length, dtype=torch.long)
    segments = torch.full((n, length), -1)
    labels, weights = torch.full((n, length), -100), torch.zeros(n, length)
    for i, row in enumerate(group):
        size = len(row["ids"])
        for tensor, name in ((ids, "ids"), (positions, "positions"), (segments, "segments"), (labels, "labels"), (weights, "weights")):
            tensor[i, :size] = torch.tensor(row[name], dtype=tensor.dtype)
    order = torch.arange(length)
    own = segments[:, None, :] == segments[:, :, None]
    seen = (order[:, None] >= order) & ((segments[:, None, :] == 0) | own)
    seen &= (segments[:, :, None] >= 0) | (order[:, None] == order)
    mask = torch.zeros(n, 1, length, length, dtype=dtype).masked_fill(~seen[:, None], torch.finfo(dtype).min)
    at = (labels != -100).flatten().nonzero().flatten()
    return ids, positions, mask, at - 1, labels.flatten()[at], weights.flatten()[at]


def rate(seen, now, total):
    """As Docent's schedule: by tokens, never by seconds."""
    rising = min(1, (seen + now) / total / a.warmup) if a.warmup > 0 else 1
    if a.schedule == "constant":
        return a.lr * rising
    done = min(1, max(0, (seen / total - a.warmup) / max(1e-9, 1 - a.warmup)))
    return a.lr * rising * (a.floor + (1 - a.floor) * (1 + math.cos(math.pi * done)) / 2)


megabytes = lambda: int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
model.train()
seen, total = 0, sum(tokens_of)
for step, group in enumerate(step_rows):
    started, started_cpu, loss_sum = time.perf_counter(), time.process_time(), 0.0
    for g in optimizer.param_groups:
        g["lr"] = rate(seen, tokens_of[step], total)
    for i in range(0, len(group), a.micro_rows):
        ids, positions, mask, at, labels, weights = batch(group[i : i + a.micro_rows])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.dtype == "bf16"):
            hidden = body(input_ids=ids, position_ids=positions, attention_mask=mask, use_cache=False).last_hidden_state
            logits = head(hidden.flatten(0, 1)[at])
        loss = (torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none") * weights).sum()
        loss.backward()
        loss_sum += loss.item()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    seen += tokens_of[step]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = {"step": step + 1, "loss": loss_sum, "tokens": tokens_of[step], "seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - started_cpu, "rss_mb": round(megabytes()), "peak_mb": round(peak)}
    print(json.dumps(line), flush=True)
    if a.save_every and (step + 1) % a.save_every == 0:
        model.save_pretrained(f"{a.out}/step-{step + 1}", save_embedding_layers=False)
if a.out and not a.save_every:
    model.save_pretrained(a.out, save_embedding_layers=False)
