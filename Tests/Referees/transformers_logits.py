#!/usr/bin/env python3
"""What Hugging Face transformers makes of a checkpoint folder of this program.

    transformers_logits.py record FOLDER    write expected.safetensors and expected.json into it
    transformers_logits.py compare FOLDER   compare with what stands there, exit 1 beyond 1e-4

`record` is used once for the fixture of the tests, which compare their own logits and token ids
with it. Any folder that `train.*` or `export.hf` made will do.

Needs: torch, transformers (5 or later, for NanoChatForCausalLM), safetensors.
"""
import json
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

CONVERSATIONS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello! How are you?"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is 12/60?"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "12/60 = "},
                {"type": "python", "text": "12/60"},
                {"type": "python_output", "text": "0.2"},
                {"type": "text", "text": "0.2\n#### 0.2"},
            ],
        },
        {"role": "user", "content": " Thanks, très bien\n"},
        {"role": "assistant", "content": "你好 🌍"},
    ],
]


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("record", "compare"):
        sys.exit(__doc__)
    mode, folder = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.eval()
    assert type(model).__name__ == "NanoChatForCausalLM", type(model)

    rendered = []
    for messages in CONVERSATIONS:
        for prompt in (False, True):
            if prompt and messages[-1]["role"] == "assistant":
                continue
            ids = tokenizer.apply_chat_template(
                messages, add_generation_prompt=prompt, tokenize=True, return_dict=False
            )
            rendered.append({"messages": messages, "add_generation_prompt": prompt, "ids": ids})
    ids = rendered[-1]["ids"][: model.config.max_position_embeddings]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float().contiguous()

    expected = {"ids": ids, "conversations": rendered}
    if mode == "record":
        save_file({"logits": logits}, f"{folder}/expected.safetensors")
        with open(f"{folder}/expected.json", "w") as file:
            json.dump(expected, file, ensure_ascii=False)
            file.write("\n")
        return
    with open(f"{folder}/expected.json") as file:
        recorded = json.load(file)
    assert recorded == expected, "token ids differ"
    worst = (load_file(f"{folder}/expected.safetensors")["logits"] - logits).abs().max().item()
    print(f"largest difference of logits: {worst:.2e}")
    sys.exit(worst > 1e-4)


main()
