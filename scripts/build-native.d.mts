export const ADDON: string;
/**
 * Build when missing or out of date; true when something was built. `ifPossible`: where they cannot be,
 * `tell` why in one line and go on without.
 */
export function buildNative(options?: {
  force?: boolean;
  ifPossible?: boolean;
  onStart?: () => void;
  tell?: (text: string) => void;
}): Promise<boolean>;
