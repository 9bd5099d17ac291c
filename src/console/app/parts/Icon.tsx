/** Line icons, 20 × 20. Decorative: the control that holds one has the name. */
const paths = {
  send: 'M10 16V4M4.5 9.5 10 4l5.5 5.5',
  stop: 'M6 6h8v8H6z',
  attach: 'M10 13V4M6.5 7 10 3.5 13.5 7M4 13v2.5A1.5 1.5 0 0 0 5.5 17h9a1.5 1.5 0 0 0 1.5-1.5V13',
  up: 'M6.5 9v7H4V9zm0 0L10 3c1.3 0 2 .8 2 2v2.5h3.4a1.5 1.5 0 0 1 1.5 1.8l-1 5.2A1.9 1.9 0 0 1 14 16H6.5',
  down: 'M13.5 11V4H16v7zm0 0L10 17c-1.3 0-2-.8-2-2v-2.5H4.6a1.5 1.5 0 0 1-1.5-1.8l1-5.2A1.9 1.9 0 0 1 6 4h7.5',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  close: 'm5 5 10 10M15 5 5 15',
  bin: 'M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6',
  page: 'M5.5 3h6L15 6.5V17H5.5zM11 3v4h4',
  plus: 'M10 4.5v11M4.5 10h11',
  check: 'm4.5 10.5 3.5 3.5 7.5-8',
  alert: 'M10 6v5M10 13.7v.3M10 2.8 18 16.5H2z',
  search: 'M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4',
  folder: 'M3 5h5l1.5 2H17v9H3z',
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { readonly name: IconName }) => (
  <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <path d={paths[name]} />
  </svg>
);
