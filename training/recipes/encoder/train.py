"""Teaches all-MiniLM-L6-v2 which passages answer a question: a LoRA adapter by contrast (InfoNCE, van den Oord et al.
2018, https://arxiv.org/abs/1807.03748) with hard and in-batch negatives. Weights in PEFT's format.

pip install torch safetensors tokenizers
python train.py MINILM_FOLDER PAIRS.json OUT.safetensors [--steps 1200] [--device cuda]

In Python because it runs once, here; no team's machine trains the encoder. pairs.ts makes PAIRS.json.
"""
import argparse
import json
import math
import random

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

p = argparse.ArgumentParser()
p.add_argument("folder")
p.add_argument("pairs")
p.add_argument("out")
p.add_argument("--steps", type=int, default=1200)
p.add_argument("--device", default="cuda")
a = p.parse_args()

RANK, ALPHA, RATE, TEMPERATURE = 16, 32, 5e-4, 1 / 20
# Of a batch: written questions with two hard negatives each, and general articles with questions about their passages.
WRITTEN, ARTICLES, PASSAGES = 48, 6, 8

torch.manual_seed(1)
rnd = random.Random(1)
config = json.load(open(f"{a.folder}/config.json"))
hidden, heads, eps = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]
layers = range(config["num_hidden_layers"])
weights = {
    name: tensor.float().to(a.device)
    for name, tensor in load_file(f"{a.folder}/model.safetensors").items()
    if tensor.is_floating_point()
}
tokenizer = Tokenizer.from_file(f"{a.folder}/tokenizer.json")
tokenizer.enable_truncation(256)
tokenizer.enable_padding()

parts = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")
modules = [f"encoder.layer.{layer}.{part}" for layer in layers for part in parts]
down, up = {}, {}
for name in modules:
    outputs, inputs = weights[f"{name}.weight"].shape
    down[name] = nn.Parameter(torch.randn(RANK, inputs, device=a.device) / math.sqrt(inputs))
    up[name] = nn.Parameter(torch.zeros(outputs, RANK, device=a.device))
parameters = [*down.values(), *up.values()]


def linear(x, name):
    own = F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])
    return own + ALPHA / RANK * F.linear(F.linear(x, down[name]), up[name])


def norm(x, name):
    return F.layer_norm(x, (hidden,), weights[f"{name}.weight"], weights[f"{name}.bias"], eps)


def encode(texts):
    """Unit vectors [texts, hidden]: the mean over a text's tokens."""
    encodings = tokenizer.encode_batch(texts)
    ids = torch.tensor([e.ids for e in encodings], device=a.device)
    mask = torch.tensor([e.attention_mask for e in encodings], device=a.device).bool()
    n, length = ids.shape
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][:length] + weights["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for layer in layers:
        name = f"encoder.layer.{layer}"
        q, k, v = (
            linear(x, f"{name}.attention.self.{part}").view(n, length, heads, hidden // heads).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        attended = attended.transpose(1, 2).reshape(n, length, hidden)
        x = norm(x + linear(attended, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm")
        x = norm(x + linear(F.gelu(linear(x, f"{name}.intermediate.dense")), f"{name}.output.dense"), f"{name}.output.LayerNorm")
    kept = mask[..., None].float()
    return F.normalize((x * kept).sum(1) / kept.sum(1), dim=-1)


data = json.load(open(a.pairs))
passages, pairs, general, dev = data["passages"], data["pairs"], data["general"], data["dev"]


@torch.no_grad()
def recall():
    """Share of dev questions whose passage is among the first 1, 2, 4, 8 of dev's passages."""
    candidates = sorted({passage for _, passage, _ in dev})
    many = lambda texts: torch.cat([encode(texts[i : i + 64]) for i in range(0, len(texts), 64)])
    scores = many([q for q, _, _ in dev]) @ many([passages[i] for i in candidates]).T
    order = scores.argsort(-1, descending=True).cpu()
    right = [candidates.index(passage) for _, passage, _ in dev]
    return [round(sum(int(r in row[:k]) for r, row in zip(right, order)) / len(dev), 3) for k in (1, 2, 4, 8)]


def batch(order):
    questions, texts, targets, place = [], [], [], {}
    for question, passage, negatives in (pairs[order.pop()] for _ in range(WRITTEN)):
        for index in [passage, *rnd.sample(negatives, min(2, len(negatives)))]:
            if index not in place:
                place[index] = len(texts)
                texts.append(passages[index])
        questions.append(question)
        targets.append(place[passage])
    for article in rnd.sample(general, ARTICLES):
        for text, asked in rnd.sample(article, min(PASSAGES, len(article))):
            targets.append(len(texts))
            texts.append(text)
            questions.append(rnd.choice(asked))
    return questions, texts, torch.tensor(targets, device=a.device)


optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
order, losses = [], []
print("dev", recall(), flush=True)
for step in range(a.steps):
    for group in optimizer.param_groups:
        group["lr"] = RATE * min(1, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * step / a.steps))
    if len(order) < WRITTEN:
        order = list(range(len(pairs)))
        rnd.shuffle(order)
    questions, texts, targets = batch(order)
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=a.device == "cuda"):
        asked, found = encode(questions), encode(texts)
    loss = F.cross_entropy(asked.float() @ found.float().T / TEMPERATURE, targets)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    losses.append(loss.item())
    if (step + 1) % 100 == 0 or step + 1 == a.steps:
        print(step + 1, round(sum(losses[-100:]) / len(losses[-100:]), 4), "dev", recall(), flush=True)

halves = lambda tensor: tensor.detach().half().cpu().contiguous()
save_file(
    {
        f"base_model.model.{name}.lora_{letter}.weight": halves(matrices[name])
        for name in modules
        for letter, matrices in (("A", down), ("B", up))
    },
    a.out,
)
