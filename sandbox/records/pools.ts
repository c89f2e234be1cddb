// The entries of the fictional charts.

export const CLINICIANS = ['Dr. Amara Lindqvist', 'Dr. Tomasz Okafor', 'Dr. Ines Halloran', 'Dr. Yuki Brandt'] as const;

export const ALLERGIES = [
  { substance: 'Penicillin', reaction: 'Rash', severity: 'moderate' },
  { substance: 'Peanut', reaction: 'Swelling of the lips', severity: 'severe' },
  { substance: 'Birch pollen', reaction: 'Sneezing', severity: 'mild' },
  { substance: 'Latex', reaction: 'Itching', severity: 'mild' },
] as const;

export const MEDICATIONS = [
  { name: 'Lisinopril', strength: '10 mg', instructions: 'one tablet in the morning' },
  { name: 'Metformin', strength: '500 mg', instructions: 'one tablet with breakfast and dinner' },
  { name: 'Atorvastatin', strength: '20 mg', instructions: 'one tablet at night' },
  { name: 'Levothyroxine', strength: '75 mcg', instructions: 'one tablet before breakfast' },
  { name: 'Albuterol', strength: '90 mcg', instructions: 'two puffs when short of breath' },
  { name: 'Ibuprofen', strength: '400 mg', instructions: 'one tablet when in pain, three a day at most' },
] as const;

/** Conditions with their ICD-10 codes. */
export const PROBLEMS = [
  { condition: 'Essential hypertension', code: 'I10', state: 'active' },
  { condition: 'Type 2 diabetes mellitus', code: 'E11.9', state: 'active' },
  { condition: 'Hypothyroidism', code: 'E03.9', state: 'active' },
  { condition: 'Mild intermittent asthma', code: 'J45.20', state: 'active' },
  { condition: 'Low back pain', code: 'M54.5', state: 'resolved' },
  { condition: 'Seasonal allergic rhinitis', code: 'J30.2', state: 'active' },
] as const;

/** `low` and `high` limit the drawn value, in tenths of the unit; `reference` is the normal range. */
export const TESTS = [
  { test: 'Hemoglobin A1c', unit: '%', low: 48, high: 71, reference: '4.0 - 5.6' },
  { test: 'Glucose, fasting', unit: 'mg/dL', low: 820, high: 1310, reference: '70 - 99' },
  { test: 'Cholesterol, total', unit: 'mg/dL', low: 1490, high: 2380, reference: 'below 200' },
  { test: 'Cholesterol, HDL', unit: 'mg/dL', low: 380, high: 690, reference: 'above 40' },
  { test: 'Creatinine', unit: 'mg/dL', low: 6, high: 13, reference: '0.6 - 1.2' },
  { test: 'TSH', unit: 'mIU/L', low: 6, high: 48, reference: '0.4 - 4.0' },
  { test: 'Hemoglobin', unit: 'g/dL', low: 121, high: 168, reference: '12.0 - 17.0' },
] as const;

export const IMMUNIZATIONS = [
  { vaccine: 'Influenza, inactivated', site: 'left arm' },
  { vaccine: 'Tetanus and diphtheria', site: 'right arm' },
  { vaccine: 'Hepatitis B', site: 'left arm' },
  { vaccine: 'Pneumococcal', site: 'right arm' },
] as const;

export const PROCEDURES = [
  { procedure: 'Electrocardiogram, 12 leads', outcome: 'normal sinus rhythm' },
  { procedure: 'Spirometry', outcome: 'mild obstruction, reversible' },
  { procedure: 'Colonoscopy', outcome: 'no polyps seen' },
  { procedure: 'X-ray of the lumbar spine', outcome: 'no fracture' },
] as const;

export const ENCOUNTERS = [
  { kind: 'Office visit', reason: 'yearly check-up' },
  { kind: 'Office visit', reason: 'blood pressure control' },
  { kind: 'Telephone call', reason: 'discussion of results' },
  { kind: 'Urgent care', reason: 'cough for five days' },
] as const;

export const NARRATIVES = [
  {
    title: 'Progress note',
    text: 'Feels well and sleeps well. Walks for half an hour on most days. No chest pain, no shortness of breath. Plan: continue as before, next check in six months.',
  },
  {
    title: 'Consultation',
    text: 'Seen for occasional back pain after long sitting. No weakness, no numbness. Advised exercise and a better chair; medication only when needed.',
  },
  {
    title: 'Discharge summary',
    text: 'Observed overnight after a fainting spell in summer heat. All findings normal. Advised to drink enough; discharged home in good condition.',
  },
] as const;
