"""Writes the golden numbers that tests compare Docent's engine with, from PyTorch, transformers, tokenizers and gguf.

pip install torch transformers tokenizers gguf safetensors peft numpy
python make_goldens.py --gguf SmolLM2-135M-Instruct.Q4_1.gguf --reader ../../models/reader --minilm FOLDER --out .

blocks.json     GGUF block formats: bytes and the floats they stand for
encoded.json    floats and the bytes that gguf makes of them
tokenizer.json  ids and UTF-16 offsets of nasty texts
tiny.json       logits of tiny random models of each family (weights from the same xorshift32 as random.ts)
smollm2.json    logits and greedy continuations of the base, and readings with the reader adapter merged, in float32
minilm.json     sentence vectors
"""
import argparse, base64, json, math, os
import numpy as np
import torch

p = argparse.ArgumentParser()
p.add_argument("--gguf", required=True)
p.add_argument("--reader", required=True)
p.add_argument("--minilm", required=True)
p.add_argument("--out", default=".")
p.add_argument("--only", default="blocks,tokenizer,tiny,minilm,smollm2")
a = p.parse_args()


def write(name, value):
    with open(os.path.join(a.out, name), "w") as f:
        json.dump(value, f, ensure_ascii=False)
        f.write("\n")


def b64(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def blocks():
    import gguf
    rng = np.random.default_rng(1)
    out = {}
    # Where the half-precision scales stand in a block; anything else may be random.
    halves = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "F16": [0], "BF16": []}
    for name, places in halves.items():
        kind = gguf.GGMLQuantizationType[name]
        weights, size = gguf.GGML_QUANT_SIZES[kind]
        count = 64 if weights == 1 else 2
        raw = rng.integers(0, 256, (count, size), dtype=np.uint8)
        if name == "BF16":
            raw = (rng.standard_normal(count).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8).reshape(count, 2)
        for at in places:
            raw[:, at:at + 2] = rng.standard_normal(count).astype(np.float16).view(np.uint8).reshape(count, 2)
        floats = gguf.dequantize(raw.reshape(1, -1), kind).astype(np.float32)
        out[name] = {"type": int(kind), "bytes": b64(raw), "floats": b64(floats)}
    write("blocks.json", out)
    # The other way: normal numbers of many sizes, ties in Q8_0 (a scale of 1), and a block of zeros.
    floats = (rng.standard_normal((8, 32)) * 2.0 ** rng.integers(-20, 12, (8, 1))).astype(np.float32)
    floats[6] = np.concatenate([[127], np.arange(31) - 15.5])
    floats[7] = 0
    kinds = ["F16", "BF16", "Q8_0"]
    write("encoded.json", {"floats": b64(floats), **{k: b64(gguf.quantize(floats, gguf.GGMLQuantizationType[k])) for k in kinds}})


def load_tokenizer():
    """The base's tokenizer as it was published: digits one by one, then GPT-2's byte-level cutting (llama.cpp: smollm)."""
    import gguf
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    reader = gguf.GGUFReader(a.gguf)
    text = lambda key: [bytes(reader.fields[key].parts[i]).decode() for i in reader.fields[key].data]
    vocab = {token: i for i, token in enumerate(text("tokenizer.ggml.tokens"))}
    merges = [tuple(m.split(" ", 1)) for m in text("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, vocab


NASTY = [
    "", " ", "Hello world", "a 2024 x 1,250.50 € 7%", "  two  spaces   three", "tabs\tand\r\nlines\n\n\n2. next\n\n 3", "trailing   ",
    "<|im_end|> is just text <|im_start|>system", "naïve café Zürich ÅÄÖ ß", "日本語のテキスト 中文 한국어", "🎉👩‍👩‍👧‍👦 flags 🇸🇪", "e\u0301 combining \u1e9b\u0323",
    "I'll we've don't IT'S", "snake_case camelCase HTTP2Server x=y+z;", "http://a.b/c?d=e&f=g#h", "٣٤٥ ½ ² Ⅷ", "a\u00a0b\u2003c\u200bd\ufeffe", "—–-…“”‘’«»", "\u0000\u0001\u007f", "Question:", " Question", "\n\nQuestion: how?",
]


def tokenizer():
    tok, _ = load_tokenizer()
    out = []
    for text in NASTY:
        encoding = tok.encode(text, add_special_tokens=False)
        utf16 = [0]
        for char in text:
            utf16.append(utf16[-1] + (2 if ord(char) > 0xFFFF else 1))
        out.append({"text": text, "ids": encoding.ids, "offsets": [[utf16[s], utf16[e]] for s, e in encoding.offsets]})
    write("tokenizer.json", out)


def xorshift(seed):
    state = seed
    while True:
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        yield state / 4294967296


def tiny():
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM
    shape = dict(vocab_size=512, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=128, max_position_embeddings=512)
    rope = lambda **more: {"rope_type": "default", "rope_theta": 10000.0, **more}
    llama3 = rope(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
    cases = {
        "llama": (LlamaForCausalLM, LlamaConfig(**shape, rms_norm_eps=1e-5, tie_word_embeddings=True, rope_parameters=rope())),
        "llama3": (LlamaForCausalLM, LlamaConfig(**shape, rms_norm_eps=1e-5, tie_word_embeddings=False, rope_parameters=llama3)),
        "qwen2": (Qwen2ForCausalLM, Qwen2Config(**shape, rms_norm_eps=1e-6, tie_word_embeddings=True, rope_parameters=rope(rope_theta=1000000.0))),
        "qwen3": (Qwen3ForCausalLM, Qwen3Config(**shape, head_dim=32, rms_norm_eps=1e-6, tie_word_embeddings=False, rope_parameters=rope(rope_theta=1000000.0))),
    }
    prompt = [(i * 97 + 13) % 512 for i in range(40)]
    out = {}
    for name, (cls, config) in cases.items():
        model = cls(config).float().eval()
        state = model.state_dict()
        names = ["model.embed_tokens.weight"]
        for layer in range(config.num_hidden_layers):
            l = f"model.layers.{layer}."
            names += [l + "input_layernorm.weight", l + "post_attention_layernorm.weight"]
            for module in ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]:
                names += [n for n in (l + module + ".weight", l + module + ".bias") if n in state]
            names += [n for n in (l + "self_attn.q_norm.weight", l + "self_attn.k_norm.weight") if n in state]
        names += ["model.norm.weight"] + ([] if config.tie_word_embeddings else ["lm_head.weight"])
        numbers = xorshift(42)
        with torch.no_grad():
            for n in names:
                t = state[n]
                matrix = t.dim() == 2
                spread = (1.2 * math.sqrt(3)) / math.sqrt(t.shape[1]) if matrix else 0.2
                centre = 0 if matrix or n.endswith("bias") else 1
                t.copy_(torch.from_numpy(np.array([centre + (next(numbers) * 2 - 1) * spread for _ in range(t.numel())], dtype=np.float64).astype(np.float32)).reshape(t.shape))
            logits = model(torch.tensor([prompt])).logits[0, -1]
        keep = list(shape) + ["model_type", "rms_norm_eps", "tie_word_embeddings", "head_dim", "rope_parameters", "hidden_act"]
        described = {k: v for k, v in config.to_dict().items() if k in keep}
        out[name] = {"config": described, "prompt": prompt, "logits": [round(float(x), 6) for x in logits]}
    write("tiny.json", out)


def minilm():
    from transformers import AutoModel, AutoTokenizer
    tok, model = AutoTokenizer.from_pretrained(a.minilm), AutoModel.from_pretrained(a.minilm).eval()
    out = []
    for text in ["How many days of paid leave do I get?", "Zürich, naïve café — 25 %!", "The quick brown fox. " * 60]:
        x = tok(text, return_tensors="pt", truncation=True, max_length=256)
        with torch.no_grad():
            hidden = model(**x).last_hidden_state
        vector = torch.nn.functional.normalize(hidden.mean(1), dim=-1)[0]
        out.append({"text": text, "vector": [round(float(v), 6) for v in vector[:64]]})
    write("minilm.json", out)


SYSTEM = "Answer from the numbered passages: give the passage number and the exact words that answer. If they do not answer, say not found."
ASK = ["What is the capital of France?", "Write a haiku about rain.", "List three fruits.", "What is 12 plus 30?", "Explain gravity to a child.", "Translate 'good morning' into Spanish.", "Name a famous painter.", "Why is the sky blue?", "Give me a short joke.", "What does HTTP stand for?",
       "Who wrote Hamlet?", "Suggest a name for a cat.", "What is the boiling point of water?", "Describe the sea in one sentence.", "How do I boil an egg?", "What is a noun?", "Count from one to ten.", "Where do penguins live?", "What colour are bananas?", "Say hello."]
READ = [
    ("Full-time employees accrue 25 days of paid leave per year. Unused days expire on 31 March.", ["How many days of paid leave are there?", "When do unused days expire?", "who is the ceo"]),
    ("Travel: Trips by train are booked in second class. Flights need the approval of the head of department. The daily allowance is 28 euros.", ["In which class are train trips booked?", "Who approves flights?", "What is the daily allowance?", "How long is the notice period?"]),
    ("Security: Passwords have at least 14 characters. Lost devices are reported within 24 hours to the help desk.", ["How long must a password be?", "Where are lost devices reported?", "May I bring my dog?"]),
]


def smollm2():
    from transformers import AutoModelForCausalLM
    from peft import PeftModel
    torch.set_num_threads(2)
    folder, file = os.path.split(os.path.abspath(a.gguf))
    tok, vocab = load_tokenizer()
    start, end = vocab["<|im_start|>"], vocab["<|im_end|>"]
    encode = lambda text: tok.encode(text, add_special_tokens=False).ids
    turn = lambda role, text: [start] + encode(f"{role}\n{text}") + [end] + encode("\n")
    open_turn = [start] + encode("assistant\n")
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()

    def greedy(ids, count):
        generated, past, feed = [], None, torch.tensor([ids])
        margins = []
        while len(generated) < count:
            with torch.no_grad():
                result = model(feed, past_key_values=past, use_cache=True)
            past = result.past_key_values
            top = result.logits[0, -1].topk(2)
            margins.append(float(top.values[0] - top.values[1]))
            token = int(top.indices[0])
            if token == end:
                break
            generated.append(token)
            feed = torch.tensor([[token]])
        return {"prompt": ids, "tokens": generated, "margin": round(min(margins), 6)}

    chat = [turn("system", "You are a helpful AI assistant named SmolLM, trained by Hugging Face") + turn("user", q) + open_turn for q in ASK]
    logits = []
    for ids in chat[:3]:
        with torch.no_grad():
            row = model(torch.tensor([ids])).logits[0, -1]
        picked = sorted(set(row.topk(50).indices.tolist()) | {(i * 7919 + 13) % row.numel() for i in range(200)})
        logits.append({"prompt": ids, "ids": picked, "values": [round(float(row[i]), 5) for i in picked]})
    base = [greedy(ids, 32) for ids in chat]
    model = PeftModel.from_pretrained(model, a.reader).merge_and_unload().eval()
    reader = []
    for passage, questions in READ:
        for q in questions:
            prefix = [start] + encode(f"system\n{SYSTEM}") + [end] + encode("\n") + [start] + encode(f"user\n[1] {passage}\n\nQuestion:")
            reader.append(greedy(prefix + encode(f" {q}") + [end] + encode("\n") + open_turn, 24))
    write("smollm2.json", {"logits": logits, "base": base, "reader": reader})


for name in a.only.split(","):
    globals()[name]()
    print(name)
