/** The page's style. Its hash is in the content security policy, so nothing may be styled elsewhere. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f3f4f8;--card:#fff;--text:#16181d;--soft:#5a6070;--line:#e3e5ec;--accent:#3b4fd8;--on-accent:#fff;
--good:#11703a;--good-bg:#def5e6;--warn:#8a4b00;--warn-bg:#fdefd6;--bad:#b01c2e;--bad-bg:#fde4e6;--idle:#454b5a;--idle-bg:#e8eaf0}
@media(prefers-color-scheme:dark){:root{--bg:#0f1116;--card:#191c24;--text:#eef0f5;--soft:#a3a9b8;--line:#2b303c;--accent:#9daaff;--on-accent:#10131f;
--good:#7fe0a3;--good-bg:#12301f;--warn:#f7c27a;--warn-bg:#38280f;--bad:#ff9aa5;--bad-bg:#3d171c;--idle:#c3c8d4;--idle-bg:#2a2f3a}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Arabic",Vazirmatn,Tahoma,"PingFang SC","Microsoft YaHei",sans-serif}
main,footer{max-width:60rem;margin:0 auto;padding:1rem}
main{display:grid;gap:1rem}
h1,h2,p,ul{margin:0;padding:0}
h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1rem;font-weight:600}
header{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1rem;padding:.75rem .25rem .25rem}
.soft{color:var(--soft);font-size:.9rem}
.badge{border-radius:2rem;padding:.3rem .9rem;font-weight:600;font-size:.9rem;background:var(--idle-bg);color:var(--idle)}
.badge::before{content:"";display:inline-block;width:.5rem;height:.5rem;border-radius:50%;background:currentColor;margin-inline-end:.5rem;vertical-align:.08em}
.active{background:var(--good-bg);color:var(--good)}
.limited,.expired{background:var(--bad-bg);color:var(--bad)}
.on_hold{background:var(--warn-bg);color:var(--warn)}
.hint{border-radius:1rem;padding:.9rem 1.1rem;background:var(--bad-bg);color:var(--bad)}
section{background:var(--card);border:1px solid var(--line);border-radius:1.25rem;padding:1.25rem;min-width:0}
.facts{display:grid;gap:1rem}
.fact h2{color:var(--soft);font-weight:500;font-size:.9rem}
.headline{font-size:1.5rem;font-weight:650;line-height:1.3}
progress{display:block;appearance:none;width:100%;height:.6rem;margin:.6rem 0;border:0;border-radius:1rem;overflow:hidden;background:var(--idle-bg);color:var(--accent)}
progress::-webkit-progress-bar{background:var(--idle-bg)}
progress::-webkit-progress-value{background:var(--accent);border-radius:1rem}
progress::-moz-progress-bar{background:var(--accent);border-radius:1rem}
progress.full{color:var(--bad)}
progress.full::-webkit-progress-value{background:var(--bad)}
progress.full::-moz-progress-bar{background:var(--bad)}
.qr{display:block;max-width:100%;height:auto;margin:1rem auto;border-radius:.75rem}
.url{display:block;direction:ltr;text-align:left;font:.8rem/1.5 ui-monospace,Consolas,monospace;overflow-wrap:anywhere;word-break:break-all;user-select:all;background:var(--bg);border-radius:.75rem;padding:.6rem .8rem}
button,.app{font:inherit;font-weight:600;cursor:pointer;border-radius:.75rem;min-height:2.75rem;padding:.5rem 1rem}
button{border:1px solid var(--line);background:var(--card);color:var(--accent);font-size:.9rem}
button.main{display:block;width:100%;margin-top:.75rem;border:0;background:var(--accent);color:var(--on-accent);font-size:1rem}
button[hidden]{display:none}
.apps{display:grid;grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr));gap:.6rem;list-style:none;margin-top:.9rem}
.app{display:block;height:100%;border:1px solid var(--line);color:var(--text);text-decoration:none}
.app:hover,button:hover{border-color:var(--accent)}
.app span{display:block;font-weight:400;font-size:.75rem;color:var(--soft)}
.links{list-style:none;margin-top:.5rem}
.links li{position:relative;border-top:1px solid var(--line)}
.links li:first-child{border:0}
.links button{position:absolute;top:.45rem;inset-inline-end:0}
summary{cursor:pointer;padding:.9rem 0;padding-inline-end:8rem;min-height:3.6rem;overflow-wrap:anywhere}
details[open]{padding-bottom:.9rem}
.protocol{color:var(--soft);font-size:.8rem;margin-inline-start:.4rem}
footer,nav{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;justify-content:center;align-items:center}
footer{padding-bottom:2rem;column-gap:2.5rem}
footer a{color:var(--soft);padding:.5rem 0;text-underline-offset:.2em}
footer a[aria-current]{color:var(--text);font-weight:600;text-decoration:none}
a:focus-visible,button:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:.5rem}
@media(min-width:48rem){
main{grid-template-columns:repeat(2,minmax(0,1fr));padding-top:2rem}
header,.hint,.facts{grid-column:1/-1}
.facts{grid-template-columns:repeat(2,minmax(0,1fr))}
.subscription{grid-row:span 2;align-self:start;position:sticky;top:1rem}
.links-card{align-self:start}
}
`;
