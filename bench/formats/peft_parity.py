"""Loads what Docent wrote in PEFT, transformers and gguf, and compares logits with those of Docent's engine in f32.

npx tsx bench/formats/write.ts SmolLM2-135M-Instruct.Q4_1.gguf OUT
pip install torch transformers peft safetensors gguf numpy
python bench/formats/peft_parity.py OUT

One line a comparison: the largest difference of any logit, how often the best token is the same. Fails beyond a limit.
"""
import json, pathlib, sys, warnings
import gguf, numpy as np, torch
from peft import PeftModel
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

warnings.simplefilter("ignore")
out = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
failed = False


def check(what, ok, detail):
    global failed
    failed |= not ok
    print(f"{'ok' if ok else 'FAILED':6} {what}: {detail}", flush=True)


def compare(what, model, reference, limit):
    expected = load_file(out / f"logits-{reference}.safetensors")
    apart, same, n = 0.0, 0, 0
    with torch.no_grad():
        for i in range(len(expected) // 2):
            ids = torch.tensor(expected[f"ids.{i}"].astype(np.int64))[None]
            logits = model(input_ids=ids).logits[0].float().numpy()
            apart = max(apart, float(np.abs(logits - expected[f"logits.{i}"]).max()))
            same += int((logits.argmax(-1) == expected[f"logits.{i}"].argmax(-1)).sum())
            n += len(logits)
    check(what, apart <= limit, f"largest difference {apart:.2e} (limit {limit}), best token equal {same} of {n}")


load = lambda folder, **more: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **more).eval()
adapted = lambda name: PeftModel.from_pretrained(load(out / "base"), out / "adapters" / name).eval()

# transformers' float32 and onnxruntime's differ by rounding alone.
compare("exported base in transformers", load(out / "base"), "base", 1e-3)
compare("base + adapter in PEFT", adapted("reader"), "reader", 1e-3)
compare("base + adapter of the upper layers in PEFT", adapted("upper"), "upper", 1e-3)
compare("base + adapter in halves in PEFT", adapted("halves"), "reader", 1e-3)
compare("base + adapter, merged by PEFT", adapted("reader").merge_and_unload(), "reader", 1e-3)
compare("merged export in transformers", load(out / "merged"), "reader", 1e-3)
# Rounded weights: F16 keeps 11 bits, Q8_0 one byte a weight.
compare("GGUF F16 in transformers", load(out, gguf_file="f16.gguf"), "reader", 0.05)
compare("GGUF Q8_0 in transformers", load(out, gguf_file="q8_0.gguf"), "reader", 2)

# Q8_0 as gguf makes it of the merged weights, bit by bit; Q and K in llama.cpp's order of rows.
merged = load_file(out / "merged" / "model.safetensors")
config = json.loads((out / "merged" / "config.json").read_text())
names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
stored = {t.name: t for t in gguf.GGUFReader(out / "q8_0.gguf").tensors}
wrong = []
for name, weights in merged.items():
    for part, heads in (("q_proj", config["num_attention_heads"]), ("k_proj", config["num_key_value_heads"])):
        if part in name:
            weights = weights.reshape(heads, 2, -1, weights.shape[1]).swapaxes(1, 2).reshape(weights.shape)
    tensor = stored.pop(names.get_name(name, try_suffixes=(".weight",)))
    if not np.array_equal(tensor.data, weights if weights.ndim == 1 else gguf.quantize(weights, tensor.tensor_type)):
        wrong.append(name)
check("GGUF Q8_0 against gguf's own quantisation", not wrong and not stored, f"{len(merged)} tensors, {wrong or 'all'} equal{' are not' if wrong else ''}")

# Tokenizer and chat template, against ids of the published tokenizer.
tokenizer = AutoTokenizer.from_pretrained(out / "merged")
texts = json.loads((here / "../../tests/goldens/tokenizer.json").read_text())
# Docent encodes texts of others without special tokens: there `<|im_end|>` is just text.
plain = [t for t in texts if "<|" not in t["text"]]
other = [t["text"] for t in plain if tokenizer(t["text"], add_special_tokens=False).input_ids != t["ids"]]
check("tokenizer of the export", not other, f"{len(plain)} texts, different: {other}")
chat = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True)
check("chat template", chat.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"), repr(chat[-60:]))
ids = tokenizer("<|im_start|>user", add_special_tokens=False).input_ids
check("special tokens", ids[0] == 1 and tokenizer.eos_token == "<|im_end|>", f"{ids}, eos {tokenizer.eos_token}")
sys.exit(failed)
