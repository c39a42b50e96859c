/** What the host says of its sign-in (option `http.console`), as the page carries it. */
export interface Settings {
  readonly session?:
    | 'cookie'
    | { readonly storage: 'localStorage' | 'sessionStorage'; readonly key: string }
    | { readonly module: string };
  readonly signInUrl?: string;
}

export const settings: Settings = JSON.parse(
  document.querySelector<HTMLMetaElement>('meta[name=grantlog-console]')?.content || '{}',
) as Settings;
