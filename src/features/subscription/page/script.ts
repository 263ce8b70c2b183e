/**
 * Makes the copy buttons work; without scripts there are none, and the addresses can be selected. A page without TLS
 * has no clipboard of its own, so there the old way must do.
 */
export const SCRIPT = `
for (const button of document.querySelectorAll('button[data-copied]')) {
  const label = button.textContent;
  let timer;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const text = button.parentElement.querySelector('.url').textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      button.focus();
      if (!done) return;
    }
    button.textContent = button.dataset.copied;
    clearTimeout(timer);
    timer = setTimeout(() => { button.textContent = label; }, 1500);
  });
}
`;
