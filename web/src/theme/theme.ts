import { type CSSVariablesResolver, createTheme } from '@mantine/core';

/** Mantine under our tokens: its parts take their colours from theme/tokens.css, so that both schemes have one source. */
export const theme = createTheme({
  fontFamily: 'var(--sans)',
  fontFamilyMonospace: 'var(--mono)',
  defaultRadius: 4,
  cursorType: 'pointer',
  autoContrast: true,
  luminanceThreshold: 0.2,
  primaryShade: { light: 8, dark: 8 },
  respectReducedMotion: true,
  components: {
    // Mantine's own is filled: its words turn white under the pointer.
    Button: { defaultProps: { variant: 'default' } },
    // As it comes it puts an unnamed element that can be focused beside the page's landmarks.
    Menu: { defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false } },
    // The head of a dialog is no banner of the page. Nothing scrolls below it (the page scrolls in its own box), and locking that would write a style without the nonce.
    Modal: { defaultProps: { lockScroll: false, transitionProps: { transition: 'fade', duration: 120 }, attributes: { header: { role: 'presentation' } } } },
  },
});

const ours = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink3)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--control)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-placeholder': 'var(--ink3)',
  '--mantine-color-error': 'var(--failed-text)',
  '--mantine-color-disabled': 'transparent',
  '--mantine-color-disabled-color': 'var(--ink3)',
  '--mantine-primary-color-filled': 'var(--primary)',
};

export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: ours, dark: ours });
